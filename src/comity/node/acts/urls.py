"""The addresses of acts."""

from __future__ import annotations

from django.urls import path

from comity.node.acts import views

app_name = "acts"
urlpatterns = [
    path("", views.first, name="desk"),
    path("acts/", views.listing, name="list"),
    path("acts/<str:ref>/", views.detail, name="detail"),
    path("acts/<str:ref>/wire.json", views.wire, name="wire"),
    path("acts/<str:ref>/receipts/<int:number>.json", views.receipt, name="receipt"),
    path("acts/<str:ref>/approve", views.approve, name="approve"),
    path("acts/<str:ref>/decline", views.decline, name="decline"),
    path("acts/<str:ref>/withdraw", views.withdraw, name="withdraw"),
    path("acts/<str:ref>/aside", views.aside, name="aside"),
    path("acts/<str:ref>/erase", views.erase, name="erase"),
]
