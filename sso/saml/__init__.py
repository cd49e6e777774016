"""SAML 2.0, the service provider's side. README.md in this folder says which file does what.

Only this folder imports python3-saml, xmlsec or names of the wire format; the rest of the platform sees our own words.
"""
