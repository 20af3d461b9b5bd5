"""States, organisations, bodies, people and their roles, machines with tokens, and who changed what."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from comity.node.parties.roles import Role


class PartyKind(models.TextChoices):
    """What a party is."""

    STATE = "state", "State"
    REGIONAL_ORGANISATION = "regional-organisation", "Regional organisation"
    NATIONAL_CERT = "national-cert", "National CERT"
    SECTOR_CERT = "sector-cert", "Sector CERT"
    MINISTRY = "ministry", "Ministry"
    POLICE_CONTACT = "police-contact", "24/7 cybercrime contact"
    OPERATOR = "operator", "Operator of critical infrastructure"
    COMPANY = "company", "Company"
    UNIVERSITY = "university", "University"
    CIVIL_SOCIETY = "civil-society", "Civil society"
    OBSERVER = "observer", "Observer"


class Party(models.Model):
    """A state, a regional organisation, or a body; `ref` is its STIX identity id, the same on every node."""

    ref = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=30, choices=PartyKind.choices)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2; empty for none")
    # Whether this node acts for the body: its people log in here, and its acts are signed with our key.
    ours = models.BooleanField(default=False)
    sectors = models.JSONField(default=list, blank=True)
    networks = models.JSONField(default=list, blank=True)
    as_numbers = models.JSONField(default=list, blank=True)
    domains = models.JSONField(default=list, blank=True)
    added = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "parties"
        constraints = (
            models.CheckConstraint(
                name="party_kind_known", condition=Q(kind__in=[kind.value for kind in PartyKind])
            ),
            models.CheckConstraint(
                name="party_body_has_state",
                condition=~Q(state="") | Q(kind__in=["regional-organisation", "observer", "civil-society"]),
            ),
        )

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["Person"]):
    """Adds people; their log-in name is the e-mail address."""

    def get_by_natural_key(self, username: str | None) -> Person:
        """The person with this e-mail address, whatever its case."""
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Somebody who logs in; what they may do depends on their memberships alone."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    added = models.DateTimeField()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = People()

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person holds a role in a body of ours, from a day until a day."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    body = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.words) for role in Role])
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="membership_role_known", condition=Q(role__in=[role.value for role in Role])
            ),
            models.CheckConstraint(
                name="membership_ends_after_start", condition=Q(until=None) | Q(until__gt=F("since"))
            ),
            models.UniqueConstraint(
                name="membership_once", fields=("person", "body", "role"), condition=Q(until=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.person}: {self.role} in {self.body}"


class OneTimeLogin(models.Model):
    """A link that logs a person in once; only the digest of its token is kept."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    made = models.DateTimeField()
    expires = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="one_time_login_expires_later", condition=Q(expires__gt=F("made"))),
        )

    def __str__(self) -> str:
        return f"one-time log-in of {self.person}"


class MachineUser(models.Model):
    """A program that calls the HTTP API for a body of ours; only the digest of its token is kept."""

    name = models.CharField(max_length=120)
    body = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="machines")
    roles = models.JSONField(default=list)
    token_hash = models.CharField(max_length=64, unique=True)
    # Whoever made it was shown the token, and answers for what it does; None: the node's own commands.
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="machines_made")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    last_used = models.DateField(null=True, blank=True)  # the day is enough to find tokens nobody uses

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                name="machine_name_once", fields=("body", "name"), condition=Q(until=None)
            ),
            models.CheckConstraint(
                name="machine_ends_after_start", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        )

    def __str__(self) -> str:
        return self.name


class ChangeKind(models.TextChoices):
    """What can happen to parties, people and machines."""

    PARTY_ADDED = "party-added", "Party added"
    PARTY_CHANGED = "party-changed", "Party changed"
    PERSON_ADDED = "person-added", "Person added"
    PERSON_DEACTIVATED = "person-deactivated", "Person deactivated"
    PERSON_REACTIVATED = "person-reactivated", "Person reactivated"
    ROLE_GIVEN = "role-given", "Role given"
    ROLE_ENDED = "role-ended", "Role ended"
    LINK_MADE = "link-made", "One-time sign-in link made"
    LINK_USED = "link-used", "One-time sign-in link used"
    FACTORS_FORGOTTEN = "factors-forgotten", "Password and second factors forgotten"
    MACHINE_ADDED = "machine-added", "Machine user added"
    MACHINE_ENDED = "machine-ended", "Machine user ended"


class PeopleChange(models.Model):
    """Who changed what in this app, and when; rows are only ever added."""

    at = models.DateTimeField()
    by = models.CharField(max_length=120)  # the name as it was then
    by_person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="changes_made"
    )
    what = models.CharField(max_length=30, choices=ChangeKind.choices)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, related_name="changes")
    machine = models.ForeignKey(
        MachineUser, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(name="people_change_at", fields=("-at", "-id")),)
        constraints = (
            models.CheckConstraint(
                name="people_change_known", condition=Q(what__in=[kind.value for kind in ChangeKind])
            ),
        )

    def __str__(self) -> str:
        return f"{self.what} by {self.by}"
