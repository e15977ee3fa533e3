/// What is wrong with a [`Provider`](crate::Provider)
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Flaw {
    /// The discovery document is for an issuer with a slash more
    OtherIssuer,
    /// The discovery document is a redirect to the evil host
    DiscoveryRedirects,
    /// The authorization endpoint is at the evil host
    LoginElsewhere,
    /// The token endpoint is at the evil host
    TokensElsewhere,
    /// The keys are at the evil host
    KeysElsewhere,
    /// The published key is another one of the same name
    OtherKey,
    /// The key that signs is not published
    UnpublishedKey,
    /// The published key is said to be an RSA key
    KeyOfAnotherKind,
    /// Tokens are signed by nothing
    Unsigned,
    /// Tokens are "signed" with the public key as a shared secret
    PublicKeyAsSecret,
    /// Tokens name another issuer
    TokenOfAnotherIssuer,
    /// Tokens are for another client
    TokenForAnotherClient,
    /// Tokens are for two clients, and were given to the other one
    TokenGivenToAnother,
    /// Tokens hold another nonce
    Nonce,
    /// Tokens hold no nonce
    NoNonce,
    /// Tokens had ended when they were made
    Ended,
    /// Tokens are good from the day after
    NotYet,
    /// The answer holds no id_token
    NoIdToken,
    /// Codes come with another state
    State,
    /// Codes come without a state
    NoState,
    /// Codes come in the name of another issuer
    AnswerOfAnotherIssuer,
    /// Codes come in nobody's name
    AnswerOfNobody,
    /// Logins end with this error
    Refuses(&'static str),
    /// The token endpoint redirects to the evil host
    TokensRedirect,
    /// Refreshed tokens are for somebody else
    RefreshOfAnother,
    /// The token endpoint repeats in its error what it was sent
    Echo,
}
