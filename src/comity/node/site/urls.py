"""The addresses of the site's own pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from comity.node.site import views

app_name = "site"
urlpatterns: list[URLPattern] = [
    path("health", views.health, name="health"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("robots.txt", views.robots, name="robots"),
    path("preferences", views.preferences, name="preferences"),
    path("decided", views.decided, name="decided"),
    path("style", views.style, name="style"),
]
