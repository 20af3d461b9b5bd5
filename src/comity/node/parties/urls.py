"""The addresses of states, bodies, people and programs."""

from __future__ import annotations

from django.urls import URLPattern, path

from comity.node.parties.views import machines, own, parties, people

app_name = "parties"
urlpatterns: list[URLPattern] = [
    path("", parties.states, name="states"),
    path("bodies", parties.bodies, name="bodies"),
    path("bodies/new", parties.new_body, name="new-body"),
    path("bodies/<int:pk>", parties.body, name="body"),
    path("bodies/<int:pk>/change", parties.change_body, name="change-body"),
    path("people", people.people, name="people"),
    path("people/new", people.new_person, name="new-person"),
    path("people/changes", people.changes, name="changes"),
    path("people/<int:pk>", people.person, name="person"),
    path("people/<int:pk>/role", people.new_role, name="new-role"),
    path("people/<int:pk>/link", people.login_link, name="login-link"),
    path("people/<int:pk>/active", people.active, name="active"),
    path("people/roles/<uuid:key>/end", people.ended_role, name="end-role"),
    path("programs", machines.machines, name="machines"),
    path("programs/new", machines.new_machine, name="new-machine"),
    path("programs/<int:pk>/end", machines.ended_machine, name="end-machine"),
    path("me", own.me, name="me"),
    path("me/body", own.act_for, name="act-for"),
    path("enter/<str:token>", own.enter, name="enter"),
]
