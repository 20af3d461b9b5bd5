"""The addresses of the exchange; the search of the node is among them, since this is the uppermost system."""

from __future__ import annotations

from django.urls import include, path

from comity.node.exchange.taxii import urls as taxii
from comity.node.exchange.views import (
    erasing,
    feeds,
    objects,
    recalling,
    remarks,
    searching,
    seen,
    sharing,
    stricter,
    values,
)

app_name = "exchange"
_pages = [
    path("", searching.listing, name="objects"),
    path("import", objects.bring, name="import"),
    path("values/<str:kind>/<path:text>", values.value, name="value"),
    path("imports/<int:key>", objects.imported, name="imported"),
    path("objects/<str:ref>/", objects.detail, name="object"),
    path("objects/<str:ref>/seen", seen.seen, name="seen"),
    path("objects/<str:ref>/victim", objects.mark_victim, name="mark-victim"),
    path("objects/<str:ref>/erase", erasing.erase, name="erase"),
    path("objects/<str:ref>/lift", erasing.lift, name="lift"),
    path("objects/<str:ref>/recall", recalling.recall, name="recall"),
    path("objects/<str:ref>/reopen", recalling.reopen, name="reopen"),
    path("objects/<str:ref>/delete", recalling.delete, name="delete-recalled"),
    path("objects/<str:ref>/report", remarks.report, name="report"),
    path("objects/<str:ref>/tell", remarks.tell, name="tell"),
    path("objects/<str:ref>/looked-at", remarks.look_at, name="look-at"),
    path("doubts", remarks.doubts, name="doubts"),
    path("telling", remarks.rules, name="telling"),
    path("telling/<str:ref>/rule", remarks.rule, name="telling-rule"),
    path("score", remarks.formula, name="score"),
    path("feeds/", feeds.listing, name="feeds"),
    path("feeds/choose", feeds.choose, name="feed-choose"),
    path("feeds/add", feeds.add, name="feed-add"),
    path("feeds/<uuid:ref>/", feeds.detail, name="feed"),
    path("feeds/<uuid:ref>/runs/<int:key>", feeds.run, name="feed-run"),
    path("feeds/<uuid:ref>/change", feeds.change, name="feed-change"),
    path("feeds/<uuid:ref>/run", feeds.run_now, name="feed-run-now"),
    path("feeds/<uuid:ref>/pause", feeds.pause, name="feed-pause"),
    path("feeds/<uuid:ref>/resume", feeds.resume, name="feed-resume"),
    path("feeds/<uuid:ref>/accept", feeds.accept, name="feed-accept"),
    path("feeds/<uuid:ref>/remove", feeds.remove, name="feed-remove"),
    path("recalled", recalling.listing, name="recalls"),
    path("erased", erasing.listing, name="erased"),
    path("stricter", stricter.listing, name="stricter-list"),
    path("stricter/<int:key>/", stricter.detail, name="stricter"),
    path("stricter/<int:key>/again", stricter.again, name="stricter-again"),
    path("stricter/<int:key>/recall", stricter.ask_back, name="stricter-recall"),
    path("share", sharing.share, name="share"),
    path("see/", sharing.sights, name="sights"),
    path("see/<str:ref>/", sharing.see, name="see"),
    path("see/<str:ref>/if", sharing.see_if, name="if"),
]
urlpatterns = [
    path("search", searching.search, name="search"),
    path("exchange/", include(_pages)),
    *taxii.urlpatterns,
]
