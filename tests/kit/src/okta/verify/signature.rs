//! Signatures of security keys and passkeys.

use crate::http::{Answer, Ask};
use crate::okta::assertion::{self, Assertion, PARTS};
use crate::okta::challenge::Asked;
use crate::okta::factor::OktaFactor;
use crate::okta::verify::Attempt;
use crate::okta::{Okta, errors};
use crate::world::World;

impl Okta {
    pub(super) fn verify_signature(
        &mut self,
        attempt: &Attempt,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let [Some(client_data), Some(data), Some(signature)] = PARTS.map(|name| attempt.text(name))
        else {
            if attempt.body.len() > 1 {
                return errors::validation("an assertion has three parts", world);
            }
            let asked = Asked::Signature(assertion::challenge(world));
            return self.challenge(attempt, asked, ask, world);
        };
        let challenge = self
            .transactions
            .get(&attempt.token)
            .and_then(|transaction| transaction.challenge.as_ref());
        let Some(Asked::Signature(challenge)) = challenge.map(|challenge| &challenge.asked) else {
            return errors::wrong_state(world);
        };
        let parts = [client_data, data, signature];
        let assertion = Assertion::new(challenge, false, parts, ask);
        // The request does not say which key signed.
        let keys: Vec<OktaFactor> = if attempt.by_type {
            let all = self.enrolled.of(&attempt.person).into_iter();
            all.filter(|one| one.factor_type == attempt.factor.factor_type)
                .collect()
        } else {
            vec![attempt.factor.clone()]
        };
        let login = &attempt.person.login;
        let judgement = self.enrolled.signature(login, &keys, &assertion, world);
        self.judged(attempt, judgement, ask, world)
    }
}
