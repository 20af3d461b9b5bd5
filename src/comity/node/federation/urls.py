"""The addresses of the federation: doors for other nodes, and the pages of partners."""

from __future__ import annotations

from django.urls import path

from comity.node.federation import doors, views

app_name = "federation"
urlpatterns = [
    path(".well-known/comity.json", doors.descriptor, name="descriptor"),
    path("taxii2/", doors.discovery, name="discovery"),
    path("taxii2/comity/", doors.api_root, name="api-root"),
    path("taxii2/comity/collections/", doors.collections, name="collections"),
    path("taxii2/comity/collections/<str:identifier>/", doors.collection, name="collection"),
    path("taxii2/comity/collections/<str:identifier>/objects/", doors.objects, name="objects"),
    path("taxii2/comity/status/<uuid:identifier>/", doors.status, name="status"),
    path("federation/cosignature", doors.cosignature, name="cosignature"),
    path("partners/", views.partners, name="partners"),
    path("partners/add", views.add, name="add"),
    path("partners/<int:key>/", views.partner, name="partner"),
    path("partners/<int:key>/accept", views.accept, name="accept"),
    path("partners/<int:key>/ways", views.ways, name="ways"),
    path("partners/<int:key>/suspend", views.suspend, name="suspend"),
    path("partners/<int:key>/resume", views.resume, name="resume"),
    path("partners/<int:key>/end", views.end, name="end"),
    path("partners/this-node", views.this_node, name="this-node"),
    path("partners/this-node/renew-key", views.renew_key, name="renew-key"),
]
