"""The addresses of the detect system."""

from __future__ import annotations

from django.urls import path

from comity.node.detect import doors, views

app_name = "detect"
urlpatterns = [
    path("sensors/", views.listing, name="sensors"),
    path("sensors/<int:key>/", views.detail, name="sensor"),
    path("usefulness/", views.usefulness, name="usefulness"),
    path("sensors/<uuid:body>/report", doors.report, name="sensor-report"),
]
