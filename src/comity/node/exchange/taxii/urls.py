"""The addresses of a body's API root."""

from __future__ import annotations

from django.urls import include, path

from comity.node.exchange.taxii import doors

_OBJECT = "collections/<str:identifier>/objects/<str:ref>/"
_root = [
    path("", doors.api_root, name="taxii-root"),
    path("status/<uuid:identifier>/", doors.status, name="taxii-status"),
    path("collections/", doors.collections, name="taxii-collections"),
    path("collections/<str:identifier>/", doors.collection, name="taxii-collection"),
    path("collections/<str:identifier>/manifest/", doors.manifest, name="taxii-manifest"),
    path("collections/<str:identifier>/objects/", doors.objects, name="taxii-objects"),
    path(_OBJECT, doors.one_object, name="taxii-object"),
    path(f"{_OBJECT}versions/", doors.versions, name="taxii-versions"),
]
urlpatterns = [path("taxii2/<uuid:body>/", include(_root))]
