"""The addresses of agreements."""

from __future__ import annotations

from django.urls import path

from comity.node.instruments import views

app_name = "instruments"
urlpatterns = [
    path("", views.listing, name="list"),
    path("propose", views.propose, name="propose"),
    path("<str:ref>/", views.detail, name="detail"),
    path("<str:ref>/answer", views.answer, name="answer"),
    path("<str:ref>/withdraw", views.withdraw, name="withdraw"),
]
