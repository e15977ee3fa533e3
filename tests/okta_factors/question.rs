//! The security question.

use doorward::{ErrorKind, Secret, SecretSource, Walk};
use doorward_testkit::{OktaFactor, Testbed};

use crate::world::{bed, context, passwords, refusal, success, walk};

fn answering(bed: &Testbed, answer: &str) -> Walk {
    let answer = SecretSource::value(Secret::new(answer));
    walk(bed, |credentials| credentials.answer(answer))
}

#[tokio::test(start_paused = true)]
async fn the_question_is_answered_in_one_call() {
    let question = OktaFactor::question("What is the food you least liked?", "okra");
    let bed = bed(&[&question]);

    success(&bed, answering(&bed, "okra")).await;

    assert_eq!(bed.factor_counts().verifies, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_answer_is_rejected_after_one_attempt() {
    let bed = bed(&[&OktaFactor::question("Food?", "okra")]);

    let error = refusal(&bed, answering(&bed, "beetroot")).await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(context(&error, "code"), Some("E0000068"));
    assert_eq!(context(&error, "factor"), Some("question:okta"));
    assert_eq!((bed.factor_counts().wrong, passwords(&bed)), (1, 1));
}
