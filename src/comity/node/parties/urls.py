"""The pages of parties and people."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "parties"
urlpatterns: list[URLPattern] = []
