"""What an ID token may be signed with, and how far clocks may differ. Constants on purpose, each with its source."""

from datetime import timedelta

# Signatures by a private key alone. `none` and the HMAC family are not here and can't be asked for: with those, whoever
# knows the public key or the client's secret could make tokens (RFC 8725 s2.1, s3.1; R22).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

# OIDC Discovery s3: what a provider supports at least, if its document leaves the list out.
DEFAULT_ALGORITHM = "RS256"

# RFC 8414 s2: what holds where the document names no way.
DEFAULT_CLIENT_AUTHENTICATION = "client_secret_basic"
CLIENT_AUTHENTICATION = ("client_secret_basic", "client_secret_post")

SCOPES = "openid email profile"

CLOCK_SKEW = timedelta(seconds=120)  # spec 5.9
OLDEST_TOKEN = timedelta(minutes=10)  # as long as a sign-in lives

SMALLEST_RSA_KEY = 2048  # bits; RFC 7518 s3.3
LONGEST_SUBJECT = 255  # OIDC Core s2
LARGEST_TOKEN = 64 * 1024  # characters
LARGEST_DISCOVERY = 256 * 1024  # octets
MOST_KEYS = 64
