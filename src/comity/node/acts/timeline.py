"""The path of one act as its page shows it: what was done, what happens now, what is waited for."""

from __future__ import annotations

from collections.abc import Iterator

from comity.node.acts.models import Act, ActState, Decision, Delivery, DeliveryState
from comity.node.site.states import Step, StepState

_DELIVERY = {
    DeliveryState.WAITING: StepState.CURRENT,
    DeliveryState.HANDED_OVER: StepState.CURRENT,
    DeliveryState.RECEIPTED: StepState.DONE,
    DeliveryState.REFUSED: StepState.FAILED,
    DeliveryState.WITHHELD: StepState.FAILED,
}


def steps(act: Act) -> list[Step]:
    """Every step of the act's path, in order; expects what `queries.act_for` has fetched."""
    return list(_ours(act) if act.ours else _theirs(act))


def _ours(act: Act) -> Iterator[Step]:
    yield Step(
        StepState.DONE, "Composed", f"By {act.composed_by_name} for {act.author.name}.", act.composed_at
    )
    yield Step(StepState.DONE, "Judged", _judged(act), act.composed_at)
    if act.second_person or hasattr(act, "approval"):
        yield _approval(act)
    if act.state == ActState.WITHDRAWN:
        yield Step(StepState.FAILED, "Withdrawn", "It was taken back before it left.")
    if act.state == ActState.RECORDED:
        yield Step(
            StepState.DONE, "Signed and recorded", f"Entry {act.log_index} of our log.", act.recorded_at
        )
    elif act.state == ActState.AWAITING:
        yield Step(StepState.WAITING, "Sign, record, deliver", "These follow the approval by themselves.")
    for delivery in act.deliveries.all():
        yield _delivery(delivery)
    yield from _answers(act)
    yield from _ended(act)


def _theirs(act: Act) -> Iterator[Step]:
    yield Step(StepState.DONE, "Composed and signed", f"By {act.author.name}.", act.composed_at)
    yield Step(
        StepState.DONE, "Verified", "Signature, sender, addressee, time and contents hold.", act.recorded_at
    )
    yield Step(StepState.DONE, "Recorded", f"Entry {act.log_index} of our log.", act.recorded_at)
    for receipt in act.receipts.all():
        if receipt.return_due is None:
            yield Step(StepState.DONE, "Receipted", f"{act.author.name} has our signed receipt.", receipt.at)
        else:
            yield Step(
                StepState.CURRENT,
                "Receipt signed",
                f"It waits to be handed to {act.author.name}.",
                receipt.at,
            )
    yield from _answers(act)
    yield from _ended(act)


def _judged(act: Act) -> str:
    if act.erased_at:
        return "How it was judged was erased with it."
    items = act.judgement["items"] if act.judgement else []
    if not items:
        return "Allowed; the grounds are below."
    leaving = sum(item["leaves_as"] is not None for item in items)
    return f"{leaving} of {len(items)} objects may go; the grounds are below."


def _approval(act: Act) -> Step:
    found = getattr(act, "approval", None)
    if found is None:
        if act.state == ActState.WITHDRAWN:
            return Step(StepState.WAITING, "Approval", "Nobody had decided.")
        return Step(StepState.CURRENT, "Awaits approval", (act.second_person or {})["text"])
    state = StepState.DONE if found.decision == Decision.APPROVE else StepState.FAILED
    note = f" “{found.note}”" if found.note else ""
    return Step(state, found.get_decision_display(), f"By {found.person}.{note}", found.at)


def _delivery(delivery: Delivery) -> Step:
    title = f"{delivery.get_state_display()}: {delivery.party.name}"
    state = _DELIVERY[DeliveryState(delivery.state)]
    aside = f" Put aside by {delivery.aside_by}." if delivery.aside_by and state is StepState.FAILED else ""
    return Step(state, title, f"{delivery.words}{aside}", delivery.changed)


def _answers(act: Act) -> Iterator[Step]:
    for answer in act.answers.all():
        yield Step(StepState.DONE, "Answered", f"{answer.called} ({answer.author.name}).", answer.recorded_at)


def _ended(act: Act) -> Iterator[Step]:
    if act.contents_ended:
        text = f"{act.author.name} let us keep what it carried until {act.contents_until:%Y-%m-%d}."
        yield Step(StepState.DONE, "Contents deleted at the end of retention", text, act.contents_ended)
    elif act.contents_until and not act.erased_at:
        text = f"{act.author.name} lets us keep what it carries until {act.contents_until:%Y-%m-%d}."
        yield Step(StepState.WAITING, "Delete its contents", text)
    if act.erased_at:
        yield Step(StepState.DONE, "Erased by law", f"By {act.erased_by}: {act.erased_why}", act.erased_at)
