"""SAML metadata: who a portal or a provider is, where it listens, and what it signs with."""

from stage.keys import base64_of
from stage.places import url

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def portal(host):
    """Of a portal with mod_auth_mellon"""
    return descriptor(
        url(host, "/mellon/metadata"),
        '<SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true"',
        "sp",
        f'<SingleLogoutService Binding="{REDIRECT}" Location="{url(host, "/mellon/logout")}"/>'
        f'<AssertionConsumerService index="0" isDefault="true" Binding="{POST}" Location="{url(host, "/mellon/postResponse")}"/>',
        "</SPSSODescriptor>",
    )


def provider(entity, sign_on):
    """Of a provider that signs with the stage's key"""
    return descriptor(
        entity,
        '<IDPSSODescriptor WantAuthnRequestsSigned="true"',
        "idp",
        f'<SingleSignOnService Binding="{REDIRECT}" Location="{sign_on}"/>',
        "</IDPSSODescriptor>",
    )


def descriptor(entity, role, key, services, end):
    return (
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">'
        f'{role} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
        f"<X509Certificate>{base64_of(key)}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        f"{services}{end}</EntityDescriptor>\n"
    )
