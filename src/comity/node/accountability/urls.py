"""The log under its origin, and the pages about it."""

from __future__ import annotations

from django.urls import path

from comity.node.accountability import public, views

app_name = "accountability"
urlpatterns = [
    path("log/checkpoint", public.checkpoint, name="checkpoint"),
    path("log/add-checkpoint", public.add_checkpoint, name="add-checkpoint"),
    path("log/tile/<path:place>", public.tile, name="tile"),
    path("accountability/log", views.log, name="log"),
    path("accountability/log/<int:index>", views.entry, name="entry"),
    path("accountability/log/<int:index>/proof", views.proof, name="proof"),
    path("accountability/log/<int:index>/proof.json", views.proof_json, name="proof-json"),
    path("accountability/alarms", views.alarms, name="alarms"),
    path("accountability/alarms/<int:key>", views.alarm, name="alarm"),
]
