"""Redaction: what is taken out, what cannot go at all, and that nothing is left."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import TooLarge
from comity.base.verdict import Answer, Ground, Verdict
from comity.engines.release.judge import Removal
from comity.engines.release.redact import DEEPEST, Parties, Redacted, redacted_id, without, without_victims
from comity.engines.release.wording import folded

US = "identity--aaaaaaaa-0000-4000-8000-000000000001"
VICTIM = "identity--bbbbbbbb-0000-4000-8000-000000000002"
OTHER = "identity--cccccccc-0000-4000-8000-000000000003"
INDICATOR = "indicator--dddddddd-0000-4000-8000-000000000004"
VICTIMS = Parties(frozenset({VICTIM}), frozenset({"Société Énergie", "SEK"}))


def obj(stix_type: str, **properties: Any) -> dict[str, Any]:
    common = {
        "type": stix_type,
        "spec_version": "2.1",
        "id": f"{stix_type}--eeeeeeee-0000-4000-8000-000000000005",
    }
    times = {"created": "2026-05-01T00:00:00.000Z", "modified": "2026-05-01T00:00:00.000Z"}
    return {**common, **times, **properties}


def redacted(thing: dict[str, Any], victims: Parties = VICTIMS) -> Redacted:
    result = without_victims(thing, victims, creator=US)
    assert isinstance(result, Redacted), result
    return result


def refused(thing: dict[str, Any], victims: Parties = VICTIMS) -> Ground:
    result = without_victims(thing, victims, creator=US)
    assert isinstance(result, Verdict)
    assert result.answer is Answer.NO
    return result.grounds[0]


def test_an_object_that_names_nobody_stays_what_it_is():
    thing = obj("indicator", name="Beacon", created_by_ref=OTHER, pattern="[ipv4-addr:value = '192.0.2.1']")
    assert redacted(thing) == Redacted(thing, ())


def test_references_and_names_are_taken_out_and_reported():
    thing = obj(
        "sighting",
        created_by_ref=VICTIM,
        sighting_of_ref=INDICATOR,
        where_sighted_refs=[OTHER, VICTIM],
        description="Seen at Société Énergie (SEK) in March.",
        external_references=[{"source_name": "ticket", "description": "for SEK"}, "odd"],
    )
    before = json.dumps(thing)
    result = redacted(thing)
    assert result.object == {
        **thing,
        "id": redacted_id(thing["id"]),
        "created_by_ref": US,
        "where_sighted_refs": [OTHER],
        "description": "Seen at [victim removed] ([victim removed]) in March.",
        "external_references": [{"source_name": "ticket", "description": "for [victim removed]"}, "odd"],
    }
    assert result.removed == (
        "created_by_ref", "where_sighted_refs[1]", "description", "external_references[0].description",
    )  # fmt: skip  # one path after another
    assert json.dumps(thing) == before


def test_an_empty_list_is_not_left_behind():
    result = redacted(obj("sighting", sighting_of_ref=INDICATOR, where_sighted_refs=[VICTIM]))
    assert "where_sighted_refs" not in result.object


def test_a_cyber_observable_gets_no_creator():
    thing = {"type": "x-host", "id": INDICATOR.replace("indicator", "x-host"), "name": "SEK mail"}
    assert redacted(thing).object == {
        **thing,
        "id": redacted_id(thing["id"]),
        "name": "[victim removed] mail",
    }


@pytest.mark.parametrize(
    ("thing", "rule"),
    [
        (obj("identity", name="Somebody") | {"id": VICTIM}, "redact.party"),
        (obj("identity", name="SOCIETE  energie"), "redact.party"),
        (
            obj("relationship", relationship_type="targets", source_ref=INDICATOR, target_ref=VICTIM),
            "redact.required",
        ),
        (obj("report", name="Weekly", object_refs=[VICTIM]), "redact.required"),
        (
            obj(
                "report",
                object_refs=[VICTIM, INDICATOR],
                granular_markings=[{"marking_ref": "m", "selectors": ["object_refs.[1]"]}],
            ),
            "redact.marking",
        ),
        (obj("indicator", pattern="[domain-name:value = 'mail.societeenergie.example']"), "redact.remains"),
        (
            obj("indicator", pattern="[url:value = 'http://x.example/Soci%C3%A9t%C3%A9%20Energie']"),
            "redact.remains",
        ),
        (obj("indicator", x_owner={"ids": [VICTIM]}), "redact.remains"),
        (obj("indicator", x_owner=VICTIM.upper().replace("IDENTITY--", "")), "redact.remains"),
        (obj("indicator", x_sek_ticket=7), "redact.remains"),
        (obj("indicator", description="the SEKs network"), "redact.remains"),
    ],
)
def test_what_cannot_go(thing, rule):
    assert refused(thing).rule == rule


def test_a_name_that_is_no_text_is_left_to_the_search():
    assert redacted(obj("indicator", name=7, description="SEK")).object["name"] == 7


def test_the_refusal_names_the_path():
    ground = refused(obj("indicator", extensions={"x": {"seen": ["ok", "at SEK"]}}))
    assert ground.text == "The party can still be recognised at extensions.x.seen[1]."


@pytest.mark.parametrize(
    "text",
    [
        "société énergie",
        "SOCIÉTÉ ÉNERGIE",
        "Societe Energie",
        "Socie\u0301te\u0301 E\u0301nergie",  # accents as characters of their own
        "Société\u00a0\n Énergie",  # a space that does not break, and a new line
        "Soci\u200bété Énergie",  # a space of no width
        "\uff33ociété Énergie",  # a letter of full width
    ],
)
def test_a_name_is_found_however_it_is_written(text):
    result = redacted(obj("note", content=f"At {text}, yesterday.", object_refs=[INDICATOR]))
    assert result.object["content"] == "At [victim removed], yesterday."


def test_a_name_in_urdu_is_a_word_too():
    victims = Parties(frozenset(), frozenset({"واپڈا"}))
    assert redacted(obj("note", content="کل واپڈا پر حملہ ہوا"), victims).object["content"] == (
        "کل [victim removed] پر حملہ ہوا"
    )


def test_overlapping_names_are_one_removal():
    victims = Parties(frozenset(), frozenset({"Acme Power", "Power Grid", "Acme"}))
    assert (
        redacted(obj("note", content="Acme Power Grid fell"), victims).object["content"]
        == "[victim removed] fell"
    )


def test_the_new_id_is_the_same_everywhere_and_tells_removals_apart():
    assert redacted_id(INDICATOR) == "indicator--68851429-b41e-5a46-8811-a6e5237580d5"
    assert redacted_id(INDICATOR, Removal.PROVIDER) != redacted_id(INDICATOR)


def test_a_provider_is_taken_out_in_its_own_words():
    result = without(obj("note", content="SEK says"), VICTIMS, Removal.PROVIDER, creator=US)
    assert isinstance(result, Redacted)
    assert result.object["content"] == "[provider removed] says"


@pytest.mark.parametrize("name", ["", " ", "\u200b", "--"])
def test_a_name_has_letters(name):
    with pytest.raises(ValueError, match="letter"):
        Parties(frozenset(), frozenset({name}))


def test_depth_is_bounded():
    deep: Any = "end"
    for _ in range(DEEPEST):
        deep = [deep]
    with pytest.raises(TooLarge):
        without_victims(obj("indicator", x_deep=deep), VICTIMS, creator=US)


# Folded, these letters spell nothing in the property names, types, ids and marks: a hit is a true one.
names = st.text(alphabet="qwzkßûİ ", min_size=3, max_size=10).filter(lambda name: len(folded(name)) > 2)


@st.composite
def objects_and_victims(draw):
    victims = Parties(
        draw(st.frozensets(st.sampled_from([VICTIM, OTHER]), min_size=1)),
        draw(st.frozensets(names, min_size=1)),
    )
    word = st.sampled_from(sorted(victims.names)).flatmap(
        lambda n: st.sampled_from([n, n.upper(), n.casefold()])
    )
    text = st.lists(word | st.sampled_from(["seen", "at", "(", ")", ",", "qq"]), max_size=5).map(" ".join)
    ids = st.sampled_from([VICTIM, OTHER, INDICATOR, US])
    properties = {
        "name": text,
        "description": text,
        "created_by_ref": ids,
        "object_refs": st.lists(ids, min_size=1, max_size=3),
        "where_sighted_refs": st.lists(ids, min_size=1, max_size=3),
        "labels": st.lists(text, max_size=2),
        "external_references": st.lists(
            st.fixed_dictionaries({"description": text, "url": text}), max_size=2
        ),
        "extensions": st.dictionaries(st.just("x") | text, st.lists(text | ids, max_size=2), max_size=2),
    }
    kind = draw(st.sampled_from(["report", "sighting", "indicator"]))
    return obj(kind, **draw(st.fixed_dictionaries({}, optional=properties))), victims


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(objects_and_victims())
def test_nothing_of_a_victim_is_left(case):
    thing, victims = case
    result = without_victims(thing, victims, creator=US)
    if isinstance(result, Verdict):
        assert result.answer is Answer.NO
        return
    left = json.dumps(result.object, ensure_ascii=False, sort_keys=True)
    assert not any(identity in left for identity in victims.ids)
    assert not any(folded(name) in folded(left) for name in victims.names)
    assert bool(result.removed) is (result.object["id"] != thing["id"])
    if not result.removed:
        assert result.object == thing


_NAMES = st.sampled_from(["SEK", "Société Énergie", "acme—power", "Straße", "a²", "Трансом", "Ä"])
_HOLDING = st.sampled_from(
    [
        "sek",
        "Societe\tEnergie",
        "ACMEPOWER",
        "acme power",
        "strasse",
        "a2",
        "Трансом",
        "a\u0308",
        "s%45k",
        "x",
    ]
)
_TEXTS = st.lists(st.one_of(st.text(max_size=6), _HOLDING), max_size=4).map("".join)


@given(
    text=_TEXTS,
    names=st.frozensets(_NAMES, min_size=1),
    named=st.sampled_from([VICTIM, VICTIM.upper(), OTHER]),
    plain=st.booleans(),
)
@settings(max_examples=300)
def test_what_surely_names_nobody_names_nobody(text, names, named, plain):
    thing = obj("note", content=text, object_refs=[INDICATOR], x_about={named: text})
    victims = Parties(frozenset({VICTIM}), names)
    written = json.dumps(thing, ensure_ascii=plain).encode(errors="surrogatepass")
    if victims.surely_not_in(written):
        assert redacted(thing, victims) == Redacted(thing, ())


def test_plain_texts_are_told_apart_without_looking_at_them():
    assert VICTIMS.surely_not_in(b'{"name":"Beacon of nobody"}')
    assert Parties(frozenset(), frozenset()).surely_not_in("é\\".encode())
    for text in (
        '{"name":"S.E.K."}',
        f'{{"x":"{VICTIM}"}}',
        '{"x":"é"}',
        '{"x":"\\u0073ek"}',
        '{"x":"%53ek"}',
    ):
        assert not VICTIMS.surely_not_in(text.encode())
