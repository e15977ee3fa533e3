<?php

// The second has what a form encoding can lose.
$config = [
    'people' => [
        'exampleauth:UserPass',
        'dwho:dwho-at-partner' => [
            'uid' => ['dwho'], 'mail' => ['dwho@partner.test'], 'givenName' => ['Doctor'], 'sn' => ['Who'],
        ],
        'odd+user@example.org:p@ss&w<rd =é%' => [
            'uid' => ['odd'], 'mail' => ['odd@partner.test'], 'givenName' => ['Odd'], 'sn' => ['User'],
        ],
    ],
];
