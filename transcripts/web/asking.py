"""What is asked of a search page: words and filters in the address, read leniently and written back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import QueryParams

from transcripts.query import QUALITIES, STATES, SearchQuery, Sort, parse
from transcripts.web.rendering import with_query

HITS_A_PAGE = 20
PAGES_MAX = 50_000
TYPED_MAX = 4000  # letters; the query language cuts shorter still, and says so
VALUES_MAX = 20  # of one filter

# Parameter of the address -> field of the query.
FILTERS = {
    "theme": "themes",
    "language": "languages",
    "speaker": "speakers",
    "panel": "panels",
    "name": "names",
    "state": "states",
    "quality": "qualities",
}
_KNOWN = {"state": STATES, "quality": QUALITIES}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as the address says it. `filters` hold values by parameter."""

    typed: str = ""
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    view: str = ""
    around: str = ""
    like: str = ""

    @classmethod
    def of(cls, given: QueryParams) -> Asked:
        """From an address. What cannot be read is as if it were not there."""
        filters = {}
        for name in FILTERS:
            values = [value[:300] for value in given.getlist(name) if value.strip()]
            known = _KNOWN.get(name)
            kept = tuple(dict.fromkeys(value for value in values if known is None or value in known))
            if kept:
                filters[name] = kept[:VALUES_MAX]
        number = given.get("page", "1")
        return cls(
            typed=given.get("q", "")[:TYPED_MAX],
            filters=filters,
            sort="time" if given.get("sort") == "time" else "",
            page=max(1, min(PAGES_MAX, int(number)))
            if number.isascii() and number.isdigit() and len(number) < 9
            else 1,
            view="context" if given.get("view") == "context" else "",
            around=given.get("around", "")[:300],
            like=given.get("like", "")[:300],
        )

    def query(self, limit: int = HITS_A_PAGE) -> SearchQuery:
        """The query that this asks, of the page's hits."""
        query = parse(self.typed)
        more: dict[str, Any] = {
            attribute: (*getattr(query, attribute), *self.filters.get(name, ()))
            for name, attribute in FILTERS.items()
        }
        sort: Sort = "time" if self.sort == "time" else "relevance"
        return replace(query, **more, sort=sort, limit=limit, offset=(self.page - 1) * limit)

    def address(self, path: str = "/search", form: str = "", **changes: Any) -> str:
        """The address that asks the same, but for what is changed."""
        to = replace(self, **changes)
        pairs = [(name, value) for name, values in to.filters.items() for value in values]
        page = to.page if to.page > 1 and not form else ""
        return with_query(
            path,
            ("q", to.typed),
            *pairs,
            sort=to.sort,
            page=page,
            view=to.view,
            around=to.around,
            form=form,
        )

    def toggled(self, name: str, value: str) -> str:
        """The address with a filter's value put in, or taken out where it is in; from the first page."""
        values = self.filters.get(name, ())
        left = tuple(each for each in values if each != value) if value in values else (*values, value)
        filters = {**self.filters, name: left}
        return self.address(filters={key: kept for key, kept in filters.items() if kept}, page=1, around="")


__all__ = ["FILTERS", "HITS_A_PAGE", "Asked"]
