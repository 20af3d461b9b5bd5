"""What recalled sightings and opinions say counts for nothing, until they are open again."""

from __future__ import annotations

from collections.abc import Sequence

from comity.node.exchange.models import Remark, StixObject
from comity.node.exchange.queries import chunks, decoded
from comity.node.exchange.remarks import REMARKING, remarks_of
from comity.node.exchange.services.holding import BATCH


def forget_remarks(rows: Sequence[StixObject]) -> None:
    """Count nothing of what these say."""
    for chunk in chunks(row.pk for row in rows if row.type in REMARKING):
        Remark.objects.filter(object__in=chunk).delete()


def read_remarks(rows: Sequence[StixObject]) -> None:
    """Count again what these say."""
    speaking = [row for row in rows if row.type in REMARKING]
    Remark.objects.bulk_create(
        [
            Remark(
                object=row,
                holder_id=row.holder_id,
                source_id=row.source_id,
                ref=said.ref,
                kind=said.kind,
                count=said.times,
                opinion=said.opinion,
                at=said.at,
            )
            for row in speaking
            for said in remarks_of(decoded(row).value, row.added)
        ],
        batch_size=BATCH,
    )
