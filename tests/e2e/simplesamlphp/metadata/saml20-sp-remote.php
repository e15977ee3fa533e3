<?php

const POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';

foreach (['', '-consent', '-german', '-session'] as $ending) {
    $base = "https://simplesamlphp$ending.portal.test:@GATEWAY@/mellon";
    $metadata["$base/metadata"] = [
        'AssertionConsumerService' => [['Binding' => POST, 'Location' => "$base/postResponse", 'index' => 0]],
        'SingleLogoutService' => "$base/logout",
        'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
        'keys' => [
            ['type' => 'X509Certificate', 'signing' => true, 'encryption' => false, 'X509Certificate' => '@SP_CERTIFICATE@'],
        ],
    ];
}

// Asked at every login: there is no store that could remember it.
$metadata['https://simplesamlphp-consent.portal.test:@GATEWAY@/mellon/metadata']['authproc'] = [
    90 => ['class' => 'consent:Consent', 'focus' => 'yes', 'checked' => false, 'identifyingAttribute' => 'uid'],
];

// One account is not let in, and of each the end is looked at.
$metadata['https://simplesamlphp.portal.test:@GATEWAY@/mellon/metadata']['authproc'] = [
    60 => ['class' => 'authorize:Authorize', 'deny' => true, 'uid' => '/^dorothy$/'],
    70 => [
        'class' => 'expirycheck:ExpiryDate', 'netid_attr' => 'uid', 'expirydate_attr' => 'schacExpiryDate', 'warndaysbefore' => '60',
    ],
];

// Keycloak's realm that brokers. Its users are told apart by a name that stays.
$broker = 'https://keycloak.test:@GATEWAY@/realms/branch';
$metadata[$broker] = [
    'AssertionConsumerService' => [
        ['Binding' => POST, 'Location' => "$broker/broker/simplesamlphp/endpoint", 'index' => 0],
    ],
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'simplesaml.nameidattribute' => 'uid',
];
