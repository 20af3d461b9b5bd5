"""States, organisations, bodies, people and their roles."""

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
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
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
