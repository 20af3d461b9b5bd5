"""The pages of the exchange: every variable known, a fixed number of queries, no need of JavaScript."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from comity.base.tlp import Tlp
from comity.node.acts.models import Act
from comity.node.exchange.models import Import, Victim
from comity.node.parties.models import Party, PartyKind
from tests.node.exchange.holding import SAMPLES, bundle, from_far, indicator, made, own_work, ref_of, shared
from tests.node.exchange.taxii.asking import opened
from tests.node.instruments.test_pages import body, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(agreed) -> Client:
    return client_of(agreed.world.analyst)


def upload(client: Client, content: bytes, **more):
    file = SimpleUploadedFile("file.json", content, content_type="application/json")
    said = {"file": file, "form": "stix", "source": "own", "note": "", "unmarked_as": ""} | more
    return client.post("/exchange/import", said)


def test_empty_pages_say_what_to_do(analyst, agreed):
    assert "Nothing is held here yet" in body(analyst.get("/exchange/"))
    assert "An analyst can import" in body(client_of(agreed.world.approver).get("/exchange/"))
    assert "Nothing carries these words" in body(analyst.get("/search?q=nothing"))
    body(analyst.get("/search"))
    assert "No object of ours" in body(analyst.get(f"/exchange/see/{agreed.party.ref}/"))


def test_from_a_file_to_the_report(analyst):
    body(analyst.get("/exchange/import"))
    response = upload(analyst, (SAMPLES / "pk-report.json").read_bytes())
    done = Import.objects.get()
    assert response["Location"] == f"/exchange/imports/{done.pk}"
    page = body(analyst.get(response["Location"]))
    assert "Karakoram Example Power Company" in page
    assert "Share what is new" in page
    listed = body(analyst.get(f"/exchange/?brought={done.pk}"))
    assert "Control server of DemoLoader" in listed
    other = indicator("x", description="other")
    upload(analyst, bundle(indicator("x")))
    page = body(analyst.get(upload(analyst, bundle(other))["Location"]))
    assert "held here with other content" in page


def test_a_file_says_itself_what_it_is(analyst):
    event = (SAMPLES / "misp-backdoordiplomacy.json").read_bytes()
    page = body(analyst.get(upload(analyst, event, form="")["Location"]))
    assert "MISP event imported" in page
    assert Import.objects.get().form == "misp"
    assert upload(analyst, event, form="stix").status_code == 422


def test_what_came_in_is_listed_with_how_it_ended(analyst, agreed):
    assert "Nothing came in yet" in body(analyst.get("/exchange/imports/"))
    upload(analyst, bundle(indicator("x")), source="elsewhere", note="a public feed")
    upload(analyst, bundle(indicator("x", description="other")))
    Import.objects.filter(note="a public feed").update(ended=False)
    page = body(analyst.get("/exchange/imports/"))
    assert all(words in page for words in ("2 imports", "a public feed", "ourselves", "not ended"))
    assert 'data-label="Refused" class="number">1<' in page
    assert "Import a file" not in body(client_of(agreed.world.approver).get("/exchange/imports/"))


def test_a_search_for_a_value_says_so(analyst, agreed):
    own_work(agreed.world, made("ipv4-addr", "one", value="198.51.100.7", confidence=70))
    page = body(analyst.get("/search?q=198[.]51.100.7"))
    assert 'href="/exchange/values/ipv4/198.51.100.7"' in page
    assert all(words in page for words in ("ourselves", "stated&nbsp;70", "of 1 partner"))
    assert "Nobody told us of this value" in body(analyst.get("/search?q=198.51.100.8"))


def test_an_object_says_who_made_it_and_how_it_is_marked(analyst, agreed):
    author = made("identity", "A public team", identity_class="organization")
    mark = made(
        "marking-definition", "m", definition_type="statement", definition={"statement": "Copyright A"}
    )
    del mark["modified"], mark["name"]
    said = {
        "created_by_ref": author["id"],
        "object_marking_refs": [mark["id"]],
        "external_references": [{"source_name": "report", "url": "https://example.com/r"}],
        "is_family": True,
    }
    own_work(agreed.world, author, mark, made("malware", "m1", **said))
    page = body(analyst.get(f"/exchange/objects/{made('malware', 'm1', **said)['id']}/"))
    assert f'href="/exchange/objects/{author["id"]}/">A public team<' in page
    assert f'href="/exchange/objects/{mark["id"]}/">Copyright A<' in page
    assert "source name: report, url: https://example.com/r" in page
    assert "<dd>yes</dd>" in page


def test_what_is_refused_and_what_is_undecided_are_lists_of_their_own(analyst, agreed):
    own_work(agreed.world, indicator("red", Tlp.RED), indicator("bare", None))
    collection = opened(agreed.world)
    for address in (f"see/{agreed.party.ref}/", f"collections/{collection.ref}/for/{agreed.party.ref}/"):
        refused = body(analyst.get(f"/exchange/{address}?show=refused"))
        undecided = body(analyst.get(f"/exchange/{address}?show=undecided"))
        assert (">red<" in refused, ">bare<" in refused) == (True, False)
        assert (">red<" in undecided, ">bare<" in undecided) == (False, True)


def test_a_long_object_has_a_short_page_and_a_whole_file(analyst, agreed):
    long = indicator("long", x_parts=[{"name": f"part {number}"} for number in range(20_000)])
    text = json.dumps(long, indent=1).encode()  # not in canonical form
    own_work(agreed.world, indicator("short"))
    bundle_of_it = b'{"type":"bundle","id":"%b","objects":[%b]}' % (ref_of("bundle", "b").encode(), text)
    assert upload(analyst, bundle_of_it).status_code == 302
    page = body(analyst.get(f"/exchange/objects/{long['id']}/"))
    assert len(page) < 100_000
    assert "the file has all of it" in page
    assert "The whole object as JSON" not in page
    file = analyst.get(f"/exchange/objects/{long['id']}/file")
    assert (file.content, file["Content-Type"]) == (text, "application/stix+json;version=2.1")
    assert "The whole object as JSON" in body(analyst.get(f"/exchange/objects/{indicator('short')['id']}/"))
    assert analyst.get(f"/exchange/objects/{indicator('none')['id']}/file").status_code == 404
    observer = client_of(agreed.world.observer)
    assert observer.get(f"/exchange/objects/{long['id']}/file").status_code == 403


def test_nothing_is_offered_to_an_observer(analyst, agreed):
    own_work(agreed.world, indicator("i", Tlp.GREEN))
    offered = [
        f'value="{agreed.party.ref}"' in body(analyst.get(f"/exchange/{page}")) for page in ("share", "")
    ]
    Party.objects.filter(pk=agreed.party.pk).update(kind=PartyKind.OBSERVER)
    later = [
        f'value="{agreed.party.ref}"' in body(analyst.get(f"/exchange/{page}")) for page in ("share", "")
    ]
    assert (offered, later) == ([True, True], [False, False])


def test_a_large_import_is_shared_part_by_part(analyst, agreed):
    values = [indicator(f"i{number}", Tlp.GREEN) for number in range(1_002)]
    brought = own_work(agreed.world, *values)
    page = body(analyst.get(f"/exchange/share?brought={brought.pk}"))
    assert page.count('name="object"') == 1_000
    assert f'href="/exchange/share?brought={brought.pk}&amp;part=2"' in page
    rest = body(analyst.get(f"/exchange/share?brought={brought.pk}&part=2"))
    assert rest.count('name="object"') == 2
    assert "part=3" not in rest
    chosen = {"object": [value["id"] for value in values[:1_000]], "partners": agreed.party.ref}
    said = chosen | {"purpose": "network-defence", "title": "All", "step": "judge", "message": "", "find": ""}
    assert "Judgement for" in body(analyst.post("/exchange/share", said))


def test_a_file_that_cannot_be_read(analyst):
    response = upload(analyst, b"{", note="by telephone", unmarked_as="green")
    page = body(response)
    assert response.status_code == 422
    assert "not JSON" in page
    assert "choose a file again" in page
    assert 'value="by telephone"' in page
    assert '<option value="green" selected' in page
    assert upload(analyst, b"{}", source="elsewhere").status_code == 422
    assert not Import.objects.exists()


def test_a_misp_file_from_elsewhere(analyst):
    content = (SAMPLES / "misp-backdoordiplomacy.json").read_bytes()
    response = upload(
        analyst, content, form="misp", source="elsewhere", note="ESET Research", unmarked_as="clear"
    )
    assert response.status_code == 302
    page = body(analyst.get("/exchange/?kind=indicator&tlp=clear"))
    assert "66 objects" in page


def test_the_list_narrows(analyst, agreed):
    own_work(
        agreed.world,
        indicator("alpha"),
        indicator("beta", Tlp.GREEN),
        made("malware", "gamma", is_family=True),
    )
    assert "alpha" in body(analyst.get("/exchange/?words=ALPHA"))
    page = body(analyst.get("/exchange/?words=beta.example&tlp=green&kind=indicator"))
    assert "beta" in page
    assert "gamma" not in page
    assert "No object fits" in body(analyst.get("/exchange/?words=delta"))
    assert "alpha" in body(analyst.get(f"/exchange/?source={agreed.world.body.ref}"))
    body(analyst.get("/exchange/?kind=nonsense&brought=x&page=99"))


def test_an_object_with_its_provenance_and_who_may_see_it(analyst, agreed):
    power = made("identity", "Example Power", identity_class="organization")
    own_work(agreed.world, power, indicator("bad", description="Example Power <b>bold</b>", revoked=False))
    page = body(analyst.get(f"/exchange/objects/{indicator('bad')['id']}/"))
    assert "&lt;b&gt;" in page
    assert agreed.party.name in page
    assert "by Ayesha" in page
    page = body(analyst.get(f"/exchange/objects/{power['id']}/?purpose=research"))
    assert "does not cover the purpose: research" in page
    response = analyst.post(f"/exchange/objects/{power['id']}/victim")
    assert response.status_code == 302
    assert Victim.objects.get().name == "Example Power"
    assert "A victim" in body(analyst.get(f"/exchange/objects/{power['id']}/"))
    assert analyst.get("/exchange/objects/indicator--0/").status_code == 404


def compose(agreed, *values, step: str, **more):
    said = {
        "object": [value["id"] for value in values],
        "partners": [agreed.party.ref],
        "purpose": "network-defence",
        "title": "Indicators of a campaign",
        "message": "Dear colleagues",
        "step": step,
    }
    return said | more


def test_choose_judge_send(analyst, agreed):
    good, red = indicator("good"), indicator("red", Tlp.RED)
    own_work(agreed.world, good, red)
    page = body(analyst.post("/exchange/share", {"object": [good["id"], red["id"]], "step": "choose"}))
    assert "2 chosen" in page
    page = body(analyst.post("/exchange/share", compose(agreed, good, red, step="judge")))
    assert "Goes" in page
    assert "Stays" in page
    assert "for named recipients only, and CERT Freedonia is not named" in page
    assert not Act.objects.filter(kind="share").exists()
    response = analyst.post("/exchange/share", compose(agreed, good, red, step="send"))
    act = Act.objects.get(kind="share")
    assert response["Location"] == f"/acts/{act.ref}/"
    assert "Dear colleagues" in body(analyst.get(response["Location"]))
    assert act.title in body(analyst.get("/search?q=campaign"))


def test_sending_what_may_not_go_shows_why_and_writes_nothing(analyst, agreed):
    red = indicator("red", Tlp.RED)
    own_work(agreed.world, red)
    response = analyst.post("/exchange/share", compose(agreed, red, step="send"))
    assert response.status_code == 422
    assert "None of the objects may leave" in body(response)
    assert not Act.objects.filter(kind="share").exists()


def test_live_judgement_is_a_part_of_the_page(analyst, agreed):
    good = indicator("good")
    own_work(agreed.world, good)
    headers = {"HX-Request": "true"}
    part = body(analyst.post("/exchange/share", compose(agreed, good, step="judge"), headers=headers))
    assert part.lstrip().startswith('<div id="judged"')
    assert "Goes" in part
    part = body(analyst.post("/exchange/share", compose(agreed, step="judge", title=""), headers=headers))
    assert "Choose objects" in part


def test_finding_more_keeps_what_was_typed(analyst, agreed):
    good, more = indicator("good"), indicator("more")
    own_work(agreed.world, good, more)
    page = body(analyst.post("/exchange/share", compose(agreed, good, step="find", find="more")))
    assert more["id"] in page
    assert "Indicators of a campaign" in page
    assert f'value="{agreed.party.ref}"' in page
    assert "Nothing else carries" in body(
        analyst.post("/exchange/share", compose(agreed, good, step="find", find="zzz"))
    )
    done = Import.objects.get()
    assert "2 chosen" in body(analyst.get(f"/exchange/share?brought={done.pk}"))
    assert "1 chosen" in body(analyst.get(f"/exchange/share?object={good['id']}&partner={agreed.party.ref}"))


def test_what_the_partner_would_see(analyst, agreed):
    own_work(agreed.world, indicator("good"), indicator("red", Tlp.RED), indicator("unmarked", None))
    assert agreed.party.name in body(analyst.get("/exchange/see/"))
    page = body(analyst.get(f"/exchange/see/{agreed.party.ref}/"))
    assert "Why not the rest" in page
    closed = body(analyst.get(f"/exchange/see/{agreed.party.ref}/?show=closed&rule=tlp.red"))
    assert "red.example" not in closed
    assert ">red<" in closed
    assert ">good<" not in closed
    for show in ("whole", "reduced", "closed", "nonsense"):
        body(analyst.get(f"/exchange/see/{agreed.party.ref}/?show={show}&purpose=research"))
    assert analyst.get("/exchange/see/identity--0/").status_code == 404


def test_roles(agreed):
    own_work(agreed.world, indicator("good"))
    for name in ("administrator", "observer"):
        client = client_of(getattr(agreed.world, name))
        pages = ("", "import", "share", "see/", f"objects/{indicator('good')['id']}/", "imports/1")
        assert {client.get(f"/exchange/{page}").status_code for page in pages} == {403}
    approver = client_of(agreed.world.approver)
    assert approver.get("/exchange/").status_code == 200
    assert approver.get("/exchange/share").status_code == 403
    assert approver.post(f"/exchange/objects/{indicator('good')['id']}/victim").status_code == 403
    assert client_of(agreed.diplomat).get("/exchange/share").status_code == 403
    assert Client().get("/exchange/").status_code == 302


@pytest.mark.parametrize(
    "page", ["/exchange/", "/exchange/see/{party}/", "/exchange/objects/{one}/", "/search?q=i"]
)
def test_pages_are_a_fixed_number_of_queries(analyst, agreed, django_assert_max_num_queries, page):
    one = indicator("i0")
    own_work(agreed.world, one)
    path = page.format(party=agreed.party.ref, one=one["id"])
    analyst.get(path)
    with django_assert_max_num_queries(45) as few:
        assert analyst.get(path).status_code == 200
    own_work(agreed.world, *(indicator(f"i{n}", created_by_ref=agreed.world.body.ref) for n in range(1, 20)))
    shared(agreed, one)
    with django_assert_max_num_queries(len(few)):
        assert analyst.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/exchange/?words=%00&brought=²&page=²",
        "/exchange/?brought=99999999999999999999",
        "/search?q=%00",
        "/exchange/share?object=%00&brought=²",
        "/exchange/share?brought=99999999999999999999",
        "/exchange/share?partner=%00",
    ],
)
def test_strange_questions_get_plain_answers(analyst, agreed, path):
    own_work(agreed.world, indicator("good"))
    assert analyst.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/exchange/objects/%00/", "/exchange/see/%00/", "/agreements/%00/"])
def test_strange_addresses_lead_nowhere(analyst, path):
    assert analyst.get(path).status_code == 404


def test_a_received_object_leads_to_its_act(analyst, agreed):
    agreement = agreed.conclude(retention_days=5)
    given = indicator("given", valid_until="2027-01-01T00:00:00Z")
    assert from_far(agreed, given, basis=(agreement.ref,))[0].allowed
    page = body(analyst.get(f"/exchange/objects/{given['id']}/"))
    assert str(Act.objects.get(kind="share").ref) in page
    assert agreement.ref in page
    assert "To be deleted after" in page
