"""Pages of a long list: counted no further than anybody turns them."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MOST = 5_000  # rows that are counted and can be turned to; past them one narrows the list


class Pages(Paginator):  # type: ignore[type-arg]  # Django's class takes no argument at run time
    """A paginator over at most so many rows: to count 100,000 takes longer than to show 50 of them."""

    def __init__(
        self,
        rows: Any,  # noqa: ANN401  rows of any model
        per_page: int,
        *,
        most: int | None = None,
        counted: int | None = None,  # where that is known already
    ) -> None:
        super().__init__(rows, per_page)
        self.most = MOST if most is None else most
        self._known = counted

    @cached_property
    def _counted(self) -> int:
        if self._known is not None:
            return self._known
        rows: Any = self.object_list  # in its order: so it follows the index by which it is listed
        return int(rows.values("pk")[: self.most + 1].count())

    @cached_property
    def count(self) -> int:
        """How many rows can be turned to."""
        return min(self._counted, self.most)

    @property
    def more(self) -> bool:
        """Whether the list goes on where the pages end."""
        return self._counted > self.most
