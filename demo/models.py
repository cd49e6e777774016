"""Tables of the demo world: its identity providers, its DNS and its mailbox. Nothing of the platform points here."""

import secrets
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models

from demo.idp.signer import SigningKey

CODE_LIFETIME = timedelta(minutes=1)
TOKEN_LIFETIME = timedelta(minutes=10)


class Tenant(models.Model):
    """One customer's identity provider, at `{DEMO_URL}/idp/<slug>/`."""

    slug = models.SlugField(primary_key=True)
    name = models.CharField(max_length=100)
    domain = models.CharField(max_length=253)

    class Meta:
        ordering = ["-name"]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """The OpenID issuer, and what all other addresses begin with."""
        return f"{settings.DEMO_URL.rstrip('/')}/idp/{self.slug}"

    @property
    def entity_id(self) -> str:
        """The SAML entity ID, which is also where the metadata stands."""
        return f"{self.address}/metadata/"

    @property
    def sso_url(self) -> str:
        return f"{self.address}/saml/sso/"


class Key(models.Model):
    """A key of a tenant, for SAML and OpenID Connect alike. The newest signs; those before it are still published."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="keys")
    private_pem = models.TextField()
    certificate_pem = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.key_id

    @property
    def pair(self) -> SigningKey:
        return SigningKey(self.private_pem, self.certificate_pem)

    @property
    def key_id(self) -> str:
        """The `kid` of RFC 7517 s4.5."""
        return self.pair.fingerprint[:16]


class Group(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="demo_group_name_is_unique")]

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """Somebody in a tenant's directory. The id is the subject that applications see; the address may change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="people")
    email = models.EmailField("email address")
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    is_active = models.BooleanField("may sign in", default=True)
    # Only the provider that stands in for Google tells it (`hd`): empty there for private accounts.
    hosted_domain = models.CharField("company that manages the account", max_length=253, blank=True)
    groups = models.ManyToManyField(Group, related_name="people", blank=True)

    class Meta:
        ordering = ["first_name", "last_name"]
        constraints = [models.UniqueConstraint(fields=["tenant", "email"], name="demo_person_email_is_unique")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def subject(self) -> str:
        return self.id.hex

    def group_names(self) -> list[str]:
        return [group.name for group in self.groups.all()]


class Protocol(models.TextChoices):
    SAML = "saml", "SAML 2.0"
    OIDC = "oidc", "OpenID Connect"


class SubjectChoice(models.TextChoices):
    STABLE = "persistent", "An id that stays the same (persistent)"
    EMAIL = "email", "The email address"


class SignedPart(models.TextChoices):
    ASSERTION = "assertion", "The assertion"
    RESPONSE = "response", "The response"
    BOTH = "both", "Both"


def default_attributes() -> list[str]:
    return ["email", "firstName", "lastName", "groups"]


class Application(models.Model):
    """A service provider (SAML) or a relying party (OpenID Connect) of a tenant.

    `is_self_registered`: its first request named an address of the platform, so nobody had to paste anything.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="applications")
    protocol = models.CharField(max_length=4, choices=Protocol.choices)
    name = models.CharField(max_length=100)
    is_self_registered = models.BooleanField(default=False)
    is_for_everybody = models.BooleanField("everybody is assigned", default=True)
    people = models.ManyToManyField(Person, related_name="applications", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    entity_id = models.CharField(max_length=500, blank=True)
    acs_url = models.CharField(max_length=500, blank=True)
    name_id = models.CharField(max_length=10, choices=SubjectChoice.choices, default=SubjectChoice.STABLE)
    signed_part = models.CharField(max_length=9, choices=SignedPart.choices, default=SignedPart.ASSERTION)
    attributes = models.JSONField(default=default_attributes, blank=True)

    client_id = models.CharField(max_length=64, blank=True)
    client_secret = models.CharField(max_length=64, blank=True)
    redirect_uris = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["created_at", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "entity_id"],
                condition=~models.Q(entity_id=""),
                name="demo_entity_id_is_unique",
            ),
            models.UniqueConstraint(
                fields=["client_id"], condition=~models.Q(client_id=""), name="demo_client_id_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def admits(self, person: Person) -> bool:
        return self.is_for_everybody or self.people.filter(pk=person.pk).exists()

    @property
    def destinations(self) -> list[str]:
        """The addresses that people are sent to from here."""
        return [self.acs_url] if self.protocol == Protocol.SAML else list(self.redirect_uris)


def new_code() -> str:
    return secrets.token_urlsafe(32)


class AuthorizationCode(models.Model):
    """One use, one minute; what the token request must match (RFC 6749 s4.1.3, RFC 7636 s4.6)."""

    code = models.CharField(max_length=64, primary_key=True, default=new_code)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    redirect_uri = models.CharField(max_length=500)
    scope = models.CharField(max_length=200)
    nonce = models.CharField(max_length=255, blank=True)
    code_challenge = models.CharField(max_length=128)
    signed_in_at = models.DateTimeField()
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code for {self.person}"

    def is_open(self, *, now: datetime) -> bool:
        return self.used_at is None and now < self.created_at + CODE_LIFETIME


class AccessToken(models.Model):
    """For userinfo. Dies with a second use of its code (RFC 6749 s4.1.2)."""

    token = models.CharField(max_length=64, primary_key=True, default=new_code)
    code = models.ForeignKey(AuthorizationCode, on_delete=models.CASCADE, related_name="tokens")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"access token of {self.code.person}"

    def is_live(self, *, now: datetime) -> bool:
        return now < self.created_at + TOKEN_LIFETIME


class DnsZone(models.Model):
    name = models.CharField(max_length=253, primary_key=True)
    serial = models.PositiveBigIntegerField(default=1)

    class Meta:
        ordering = ["-name"]

    def __str__(self) -> str:
        return self.name


class DnsRecord(models.Model):
    """A record besides SOA, NS and the name servers' addresses, which each zone has by itself.

    `name` is relative to the zone; a TXT value is what it means, without quotes.
    """

    zone = models.ForeignKey(DnsZone, on_delete=models.CASCADE, related_name="records")
    name = models.CharField(max_length=253)
    type = models.CharField(max_length=8, default="TXT")
    value = models.CharField(max_length=2000)
    ttl = models.PositiveIntegerField(default=60)

    class Meta:
        ordering = ["name", "type", "id"]

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


class SentMail(models.Model):
    """What the platform emailed: one row for each address that it was sent to."""

    to = models.CharField(max_length=254, db_index=True)
    sender = models.CharField(max_length=254)
    subject = models.CharField(max_length=500)
    text = models.TextField()
    html = models.TextField(blank=True)
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["-sent_at", "-id"]

    def __str__(self) -> str:
        return self.subject


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as a content security policy names them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
