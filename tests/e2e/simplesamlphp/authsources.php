<?php

// Accounts end here; the module that looks after it wants a date from everybody.
$account = function ($name, $ends = '20880101000000Z') {
    $uid = strtok($name, '+');
    return [
        'uid' => [$uid], 'mail' => ["$uid@partner.test"], 'givenName' => [ucfirst($uid)], 'sn' => ['User'],
        'schacExpiryDate' => [$ends],
    ];
};

// The last one has what a form encoding can lose.
$config = [
    'people' => [
        'exampleauth:UserPass',
        'dwho:dwho-at-partner' => $account('dwho'),
        'dorothy:dorothy-at-partner' => $account('dorothy'),
        'edith:edith-at-partner' => $account('edith', '20000101000000Z'),
        'wilhelm:wilhelm-at-partner' => $account('wilhelm', gmdate('YmdHis\Z', time() + 30 * 86400)),
        'odd+user@example.org:p@ss&w<rd =é%' => $account('odd+user'),
    ],
];
