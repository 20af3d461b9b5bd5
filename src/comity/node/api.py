"""The HTTP API: the operations of every installed system under `/api/v1/`, one way in, one shape of errors.

A system takes part by a module `api` with a `router`. The OpenAPI document and the page that lists the
operations are open to all: they say what every node of this version can do, and nothing of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from importlib import import_module
from importlib.resources import files
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.template import engines
from django.urls import URLPattern, URLResolver, path
from django.utils.module_loading import module_has_submodule
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation, PathView
from ninja.parser import Parser
from ninja.throttling import BaseThrottle
from ninja.utils import check_csrf

from comity.base.errors import ComityError, Malformed
from comity.base.verdict import Ground, Refused, Verdict
from comity.formats.strict_json import ROOT
from comity.node.parties.access import Needs, actor_of, open_to_all
from comity.node.parties.actors import Actor
from comity.node.parties.api.words import Problem as ProblemTold
from comity.node.parties.api.words import json_in, without_nul
from comity.node.site import rates
from comity.node.site.errors import API, Problem, answer, plain_problem, problem_of
from comity.node.site.systems import System, systems

RATE = 600  # requests of one caller in one minute
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PROBLEM_JSON = "application/problem+json"


class Token:
    """The token of a program, which the middleware has turned into its actor."""

    openapi_security_schema = {"type": "http", "scheme": "bearer", "description": "The token of a program"}

    def __call__(self, request: HttpRequest) -> Actor | None:
        """The program; None without a token, or for one that is not valid now."""
        return actor_of(request) if "Authorization" in request.headers else None


class Session:
    """The session of a person who is logged in; what writes needs the CSRF token of a page as well."""

    def __call__(self, request: HttpRequest) -> Actor | None:
        """The person; None for the anonymous. Raises `Refused` for a write from another site."""
        actor = None if "Authorization" in request.headers else actor_of(request)
        if actor is not None and request.method not in _READS and check_csrf(request) is not None:
            text = "Send the CSRF token of a page of this node in X-CSRFToken, or use the token of a program."
            raise Refused(Verdict.no(Ground("session.csrf", "log-in of this node", text)))
        return actor


class EachCaller(BaseThrottle):
    """At most `RATE` requests a minute for each program and person, whichever process answers."""

    def allow_request(self, request: HttpRequest) -> bool:
        """Count the request, and say whether it is within the limit."""
        return rates.within(f"api:{_caller(request)}", RATE)

    def wait(self) -> float:
        """Seconds until the count begins anew."""
        return rates.wait()


class Strict(Parser):
    """Reads bodies as every other JSON of ours is read: I-JSON, within bounds, and no NUL anywhere."""

    def parse_body(self, request: HttpRequest) -> Any:  # noqa: ANN401  any JSON value
        """The value in the body; raises `Malformed`."""
        return json_in(request)

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> dict[str, Any]:  # noqa: ANN401  as the library passes it
        """The parameters of the query; raises `Malformed`."""
        twice = [name for name in data if len(data.getlist(name)) > 1 and name not in list_fields]
        if twice:
            raise Malformed(twice[0], "stands twice in the query.")
        without_nul(dict(data.lists()), "query")
        found: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        return found


class Api(NinjaAPI):
    """The operations of the installed systems, each named after its function."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the function: short in generated clients."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **_options: Any) -> OpenAPISchema:  # noqa: ANN401  the library's
        """OpenAPI 3.1, with the one shape of errors and the power that each operation needs."""
        document = super().get_openapi_schema(path_prefix=API)
        shape = ProblemTold.model_json_schema(ref_template=REF_TEMPLATE)
        document["components"]["schemas"] |= shape.pop("$defs") | {"Problem": shape}
        problem = {"schema": {"$ref": REF_TEMPLATE.format(model="Problem")}}
        powers = {
            each.view_func.__name__: " or ".join(power.value for power in _declared(each).powers)
            for each in operations(self)
        }
        for methods in document["paths"].values():
            for each in methods.values():
                default = {"description": "A problem", "content": {_PROBLEM_JSON: problem}}
                statuses = {str(status): told for status, told in each["responses"].items()}
                each["responses"] = statuses | {"default": default}
                each["x-power"] = powers[each["operationId"]]
        return document


def composed() -> Api:
    """The API of the installed systems; raises `ImproperlyConfigured` for an operation open to anybody."""
    made = Api(
        title="Comity",
        version="1",
        description=__doc__.partition("\n")[0],
        openapi_url=None,
        docs_url=None,
        urls_namespace="api",
        auth=[Token(), Session()],
        throttle=EachCaller(),
        parser=Strict(),
    )
    for system in systems():
        router = _router(system)
        if router is not None:
            made.add_router("v1", router, tags=[system.title])
    for view in _views(made):
        _answer_head(view)
    for each in operations(made):
        _declared(each)
        each.run = _only_known(each)  # type: ignore[method-assign]  # as the library's own decorators do
    _answer_errors(made)
    return made


def _router(system: System) -> Router | None:
    """The operations of a system: in its module `api`, or in `api.operations` where that has grown."""
    if not module_has_submodule(import_module(system.name), "api"):
        return None
    module = import_module(f"{system.name}.api")
    if module_has_submodule(module, "operations"):
        module = import_module(f"{module.__name__}.operations")
    router: Router = module.router
    return router


def operations(made: Api) -> Iterator[Operation]:
    """Every operation of the API."""
    for view in _views(made):
        yield from view.operations


def _views(made: Api) -> Iterator[PathView]:
    for router in made._get_bound_routers():  # noqa: SLF001  the library has no other way to list them
        yield from router.path_operations.values()


def _answer_head(view: PathView) -> None:
    """Let HEAD find what GET finds (RFC 9110, 9.3.2); the server leaves the body out."""
    reading = next((each for each in view.operations if "GET" in each.methods), None)
    find = view._find_operation  # noqa: SLF001  a method of its own would stand in the OpenAPI document

    def found(request: HttpRequest) -> Operation | None:
        return reading if request.method == "HEAD" else find(request)

    view._find_operation = found  # type: ignore[method-assign]  # noqa: SLF001  see above


def _declared(operation: Operation) -> Needs:
    access = getattr(operation.view_func, "access", None)
    if not isinstance(access, Needs):
        raise ImproperlyConfigured(f"{operation.view_func.__qualname__} declares no power that it needs")
    return access


def _only_known(operation: Operation) -> Callable[..., HttpResponseBase]:
    """The operation, which refuses a parameter that it does not know: misspelt, it would show all."""
    queries = (each for each in operation.models if each.__ninja_param_source__ == "query")
    known = {name for model in queries for name in model.__ninja_flatten_map__}
    run = operation.run

    def asked(request: HttpRequest, **given: Any) -> HttpResponseBase:  # noqa: ANN401  parts of the address
        unknown = sorted(request.GET.keys() - known)
        if unknown:
            raise Malformed(unknown[0], "is no parameter here; the OpenAPI document names those that are.")
        return run(request, **given)

    return asked


def _answer_errors(made: Api) -> None:
    told: dict[type[Exception], Callable[[Any], Problem]] = {
        ComityError: problem_of,
        ValidationError: _invalid,
        HttpError: _plain,
        UnreadablePostError: lambda _: plain_problem(400),  # whoever sent it has gone
    }
    for kind, problem in told.items():
        made.add_exception_handler(kind, partial(_answer, problem))
    made.add_exception_handler(AuthenticationError, _nobody)


def _answer(problem: Callable[[Any], Problem], request: HttpRequest, error: Any) -> HttpResponse:  # noqa: ANN401  of the kind it was registered for
    return answer(request, problem(error))


def _nobody(request: HttpRequest, _error: object) -> HttpResponse:
    detail = "Send a token that is valid now: Authorization: Bearer TOKEN."
    response = answer(request, Problem(401, "not-signed-in", detail))
    response.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, 11.6.1
    return response


def _plain(error: HttpError) -> Problem:
    """The library hides what our parser found behind an error of its own."""
    if isinstance(error.__cause__, ComityError):
        return problem_of(error.__cause__)
    return plain_problem(error.status_code)


def _invalid(error: ValidationError) -> Problem:
    """The first field that is wrong; `where` is its name, or a pointer into the body."""
    first = error.errors[0]
    source, *steps = (str(step) for step in first["loc"])
    where = "".join(f"/{step}" for step in steps[1:]) or ROOT if source == "body" else ".".join(steps[-1:])
    return problem_of(Malformed(where, f"{first['msg']}."))


def _caller(request: HttpRequest) -> str:
    actor = actor_of(request)
    who = f"{actor.body}:{actor.person or actor.name}" if actor else ""
    return sha256(who.encode()).hexdigest()


@require_safe
@open_to_all("it lists what every node of this version can do")
def page(request: HttpRequest) -> HttpResponse:
    """The operations, for people; without the script that libraries bring for it."""
    rows = [
        (method.upper(), address.split("/")[1:], told, told["x-power"].replace("-", " "))
        for address, methods in api.get_openapi_schema()["paths"].items()
        for method, told in methods.items()
    ]
    template = engines["django"].from_string(files("comity.node").joinpath("api.html").read_text("utf-8"))
    return HttpResponse(template.render({"rows": rows, "rate": RATE}, request))


@require_safe
@open_to_all("it describes what every node of this version can do")
def document(_request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document."""
    return JsonResponse(api.get_openapi_schema())


def _urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    """Our two pages and the operations; not the library's root, which is made for its own page."""
    patterns, app, namespace = api.urls
    kept = [each for each in patterns if isinstance(each, URLResolver) or each.name != "api-root"]
    own = [path("", page, name="operations"), path("openapi.json", document, name="document")]
    return [*own, *kept], app, namespace


api = composed()
urls = _urls()
