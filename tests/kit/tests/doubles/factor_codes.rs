//! Factors with a code or an answer.

use std::error::Error;
use std::fs;

use doorward_testkit::{
    Fault, OKTA_HOST, OktaFactor, OktaSwitches, StepUp, Testbed, Trouble, USER,
};
use serde_json::{Value, json};

use crate::factor_login::{Login, asking, asking_with, code, error, wait, wrong};

#[test]
fn a_code_by_time_ends_a_login_in_one_call() -> Result<(), Box<dyn Error>> {
    for provider in ["OKTA", "GOOGLE"] {
        let totp = OktaFactor::totp(provider);
        let bed = asking(&totp)?;
        let mut login = Login::start(&bed, USER)?;
        assert_eq!(login.status()?, "MFA_REQUIRED");

        let now = code(&bed, &totp, 0)?;
        login.code(&totp, &now)?;

        assert_eq!(login.status()?, "SUCCESS");
        assert_eq!(login.finish()?.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
        assert_eq!(bed.factor_counts().verifies, 1);
    }
    Ok(())
}

#[test]
fn a_code_is_good_once() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = asking(&totp)?;
    let now = code(&bed, &totp, 0)?;
    Login::start(&bed, USER)?.code(&totp, &now)?;

    let mut login = Login::start(&bed, USER)?;
    assert_eq!(
        error(&login.code(&totp, &now)?)?,
        (403, "E0000082".to_owned())
    );
    let earlier = code(&bed, &totp, -1)?;
    assert_eq!(error(&login.code(&totp, &earlier)?)?.1, "E0000082");
    wait(&bed, 30);
    let next = code(&bed, &totp, 0)?;
    login.code(&totp, &next)?;

    assert_eq!(login.status()?, "SUCCESS");
    assert_eq!(
        (bed.factor_counts().replayed, bed.factor_counts().wrong),
        (2, 0)
    );
    Ok(())
}

#[test]
fn a_clock_that_is_off_is_told_from_a_wrong_code() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = asking(&totp)?;
    let mut login = Login::start(&bed, USER)?;

    for steps in [-2, 2, -10, 10] {
        let skewed = code(&bed, &totp, steps)?;
        let answer = login.code(&totp, &skewed)?;
        assert_eq!(error(&answer)?, (403, "E0000083".to_owned()));
        assert!(answer.header("date").is_some());
    }
    let wrong = wrong(&bed, &totp)?;
    let answer = login.code(&totp, &wrong)?;
    assert_eq!(error(&answer)?, (403, "E0000068".to_owned()));
    assert!(answer.string("/errorCauses/0/errorSummary").is_ok());
    assert!(answer.string("/factorResult").is_err());
    let near = code(&bed, &totp, -1)?;
    login.code(&totp, &near)?;

    assert_eq!(login.status()?, "SUCCESS");
    assert_eq!(
        (bed.factor_counts().skewed, bed.factor_counts().wrong),
        (4, 1)
    );
    Ok(())
}

#[test]
fn an_org_may_tell_by_a_result_what_was_wrong() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let switches = OktaSwitches {
        results_in_errors: true,
        ..OktaSwitches::default()
    };
    let bed = asking_with(&totp, switches)?;
    let now = code(&bed, &totp, 0)?;
    Login::start(&bed, USER)?.code(&totp, &now)?;

    let mut login = Login::start(&bed, USER)?;
    let late = code(&bed, &totp, 5)?;
    for (code, result) in [(now, "PASSCODE_REPLAYED"), (late, "TIME_WINDOW_EXCEEDED")] {
        let answer = login.code(&totp, &code)?;
        assert_eq!(error(&answer)?, (403, "E0000068".to_owned()));
        assert_eq!(answer.string("/factorResult")?, result);
    }
    Ok(())
}

#[test]
fn wrong_codes_lock_the_account() -> Result<(), Box<dyn Error>> {
    for show_lockouts in [false, true] {
        let totp = OktaFactor::totp("GOOGLE");
        let switches = OktaSwitches {
            show_lockouts,
            ..OktaSwitches::default()
        };
        let bed = asking_with(&totp, switches)?;
        let mut login = Login::start(&bed, USER)?;
        let bad = wrong(&bed, &totp)?;
        for _ in 0..4 {
            assert_eq!(error(&login.code(&totp, &bad)?)?.1, "E0000068");
        }

        assert_eq!(
            error(&login.code(&totp, &bad)?)?,
            (403, "E0000069".to_owned())
        );
        let good = code(&bed, &totp, 0)?;
        assert_eq!(error(&login.code(&totp, &good)?)?.1, "E0000011");
        let after = Login::start(&bed, USER)?.state;
        if show_lockouts {
            assert_eq!(after.string("/status")?, "LOCKED_OUT");
        } else {
            assert_eq!(error(&after)?, (401, "E0000004".to_owned()));
        }
    }
    Ok(())
}

#[test]
fn a_factor_may_lock_in_the_middle_of_another_login() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let switches = OktaSwitches {
        factor_lock_after: 1,
        ..OktaSwitches::default()
    };
    let bed = asking_with(&totp, switches)?;
    let mut first = Login::start(&bed, USER)?;
    let mut second = Login::start(&bed, USER)?;
    let (bad, good) = (wrong(&bed, &totp)?, code(&bed, &totp, 0)?);

    first.code(&totp, &bad)?;

    assert_eq!(error(&second.code(&totp, &good)?)?.1, "E0000069");
    Ok(())
}

#[test]
fn a_code_by_count_is_good_once() -> Result<(), Box<dyn Error>> {
    let hotp = OktaFactor::hotp();
    let bed = asking(&hotp)?;
    let number = |number| hotp.code_number(number).unwrap_or_default();
    let mut login = Login::start(&bed, USER)?;
    assert_eq!(
        login.state.string("/_embedded/factors/0/vendorName")?,
        "Entrust"
    );
    login.code(&hotp, &number(2))?;
    assert_eq!(login.status()?, "SUCCESS");

    let mut login = Login::start(&bed, USER)?;
    assert_eq!(error(&login.code(&hotp, &number(2))?)?.1, "E0000082");
    assert_eq!(error(&login.code(&hotp, &number(40))?)?.1, "E0000068");
    login.code(&hotp, &number(3))?;
    assert_eq!(login.status()?, "SUCCESS");
    Ok(())
}

#[test]
fn listed_codes_are_good_once() -> Result<(), Box<dyn Error>> {
    let codes = ["cccccccgklgcvnkcvnnegrnhgrjkhlkhfgccbrvgjcgv", "12345678"];
    for (kind, provider) in [
        ("token", "RSA"),
        ("token", "SYMANTEC"),
        ("token:hardware", "YUBICO"),
    ] {
        let token = OktaFactor::codes(kind, provider, &codes);
        let bed = asking(&token)?;
        let mut login = Login::start(&bed, USER)?;
        login.code(&token, codes[0])?;
        assert_eq!(login.status()?, "SUCCESS");

        let mut login = Login::start(&bed, USER)?;
        assert_eq!(error(&login.code(&token, codes[0])?)?.1, "E0000082");
        assert_eq!(error(&login.code(&token, "00000000")?)?.1, "E0000068");
        login.code(&token, codes[1])?;
        assert_eq!(login.status()?, "SUCCESS");
        assert!(bed.secrets().iter().any(|one| one == codes[0]));
    }
    Ok(())
}

#[test]
fn only_a_hardware_token_minds_being_asked_first() -> Result<(), Box<dyn Error>> {
    let hardware = OktaFactor::codes("token:hardware", "YUBICO", &["cccccccgklgc"]);
    let bed = asking(&hardware)?;
    let answer = Login::start(&bed, USER)?.verify(&hardware, json!({}))?;
    assert_eq!(error(&answer)?.1, "E0000068");
    assert_eq!(bed.complaints().len(), 1);

    let totp = OktaFactor::totp("OKTA");
    let bed = asking(&totp)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&totp, json!({}))?;
    assert_eq!(login.status()?, "MFA_CHALLENGE");
    assert_eq!(login.state.string("/_links/next/name")?, "verify");
    let now = code(&bed, &totp, 0)?;
    login.next(json!({"passCode": now}))?;
    assert_eq!(login.status()?, "SUCCESS");
    Ok(())
}

#[test]
fn a_question_wants_an_answer_and_no_code() -> Result<(), Box<dyn Error>> {
    let question = OktaFactor::question("Where were you in '89?", "in Leipzig");
    let bed = asking(&question)?;
    let mut login = Login::start(&bed, USER)?;
    let text = "/_embedded/factors/0/profile/questionText";
    assert_eq!(login.state.string(text)?, "Where were you in '89?");

    let answer = login.code(&question, "in Leipzig")?;
    assert_eq!(error(&answer)?, (400, "E0000001".to_owned()));
    let answer = login.verify(&question, json!({"answer": "at home"}))?;
    assert_eq!(error(&answer)?, (403, "E0000068".to_owned()));
    login.verify(&question, json!({"answer": "In Leipzig"}))?;

    assert_eq!(login.status()?, "SUCCESS");
    assert!(bed.secrets().contains(&"in Leipzig".to_owned()));
    Ok(())
}

#[test]
fn a_code_by_time_wants_no_answer() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("OKTA");
    let bed = asking(&totp)?;

    let now = code(&bed, &totp, 0)?;
    let answer = Login::start(&bed, USER)?.verify(&totp, json!({"answer": now}))?;

    assert_eq!(error(&answer)?, (400, "E0000001".to_owned()));
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_code_is_sent_first_and_then_asked_for() -> Result<(), Box<dyn Error>> {
    for sent in [OktaFactor::sms(), OktaFactor::call(), OktaFactor::email()] {
        let bed = asking(&sent)?;
        let mut login = Login::start(&bed, USER)?;
        let kind = login.state.string("/_embedded/factors/0/factorType")?;

        login.verify(&sent, json!({}))?;
        assert_eq!(login.status()?, "MFA_CHALLENGE");
        assert_eq!(login.state.string("/_embedded/factor/id")?, sent.id());
        assert_eq!(login.state.string("/_links/resend/0/name")?, kind);
        let mail = bed.outbox().pop().ok_or("nothing was sent")?;
        assert_eq!((mail.channel.as_str(), mail.login.as_str()), (&*kind, USER));
        assert_eq!(mail.code.len(), 6);
        assert!(bed.secrets().contains(&mail.code));
        login.next(json!({"passCode": mail.code}))?;

        assert_eq!(login.status()?, "SUCCESS");
        assert_eq!(bed.factor_counts().sent, 1);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_code_cannot_be_sent_again_at_once() -> Result<(), Box<dyn Error>> {
    for (sent, pause, code) in [
        (OktaFactor::sms(), 30, "E0000109"),
        (OktaFactor::call(), 30, "E0000133"),
        (OktaFactor::email(), 5, "E0000118"),
    ] {
        let bed = asking(&sent)?;
        let mut login = Login::start(&bed, USER)?;
        login.verify(&sent, json!({}))?;
        let resend = login.state.string("/_links/resend/0/href")?;

        assert_eq!(
            error(&login.post(&resend, json!({}))?)?,
            (429, code.to_owned())
        );
        let other = Login::start(&bed, USER)?.verify(&sent, json!({}))?;
        assert_eq!(error(&other)?, (429, code.to_owned()));
        wait(&bed, pause);
        let first = bed.outbox().pop().ok_or("nothing was sent")?;
        login.post(&resend, json!({}))?;
        assert_eq!(bed.factor_counts().sent, 2);
        if bed.outbox().last().is_some_and(|mail| mail != &first) {
            let old = login.next(json!({"passCode": first.code}))?;
            assert_eq!(error(&old)?.1, "E0000068");
        }
        let mail = bed.outbox().pop().ok_or("nothing was sent")?;
        login.next(json!({"passCode": mail.code}))?;

        assert_eq!(login.status()?, "SUCCESS");
    }
    Ok(())
}

#[test]
fn a_sent_code_lives_five_minutes() -> Result<(), Box<dyn Error>> {
    let sms = OktaFactor::sms();
    let bed = asking(&sms)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&sms, json!({}))?;
    let mail = bed.outbox().pop().ok_or("nothing was sent")?;
    for _ in 0..2 {
        wait(&bed, 160);
        let body = json!({"stateToken": login.state.string("/stateToken")?});
        assert_eq!(login.browser.authn(&login.page, &body)?.status, 200);
    }

    let late = login.next(json!({"passCode": mail.code}))?;

    assert_eq!(error(&late)?.1, "E0000068");
    Ok(())
}

#[test]
fn a_program_can_read_the_newest_code() -> Result<(), Box<dyn Error>> {
    let file = std::env::temp_dir().join(format!("doorward-outbox-{}", std::process::id()));
    let sms = OktaFactor::sms();
    let switches = OktaSwitches {
        outbox_file: Some(file.clone()),
        ..OktaSwitches::default()
    };
    let bed = asking_with(&sms, switches)?;
    let mut login = Login::start(&bed, USER)?;

    login.verify(&sms, json!({}))?;

    let text = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    login.next(json!({"passCode": text.trim_end()}))?;
    assert_eq!(login.status()?, "SUCCESS");
    Ok(())
}

#[test]
fn two_factors_in_one_window_need_two_codes() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let switches = OktaSwitches {
        step_up: StepUp::Factor,
        ..OktaSwitches::default()
    };
    let bed = asking_with(&totp, switches)?;
    let mut login = Login::start(&bed, USER)?;
    let first = code(&bed, &totp, 0)?;
    login.code(&totp, &first)?;
    let extra = login.finish()?;
    assert!(extra.text.contains("Extra Verification"));
    login.step_up(extra)?;
    assert_eq!(login.status()?, "MFA_REQUIRED");

    assert_eq!(error(&login.code(&totp, &first)?)?.1, "E0000082");
    wait(&bed, 30);
    let second = code(&bed, &totp, 0)?;
    login.code(&totp, &second)?;

    assert_eq!(login.state.string("/type")?, "SESSION_STEP_UP");
    let next = login.state.string("/_links/next/href")?;
    let token = login.browser.open(&next)?;
    assert_eq!(token.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn two_messages_in_one_login_are_half_a_minute_apart() -> Result<(), Box<dyn Error>> {
    let sms = OktaFactor::sms();
    let switches = OktaSwitches {
        step_up: StepUp::Factor,
        ..OktaSwitches::default()
    };
    let bed = asking_with(&sms, switches)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&sms, json!({}))?;
    let mail = bed.outbox().pop().ok_or("nothing was sent")?;
    login.next(json!({"passCode": mail.code}))?;
    let extra = login.finish()?;
    login.step_up(extra)?;

    assert_eq!(
        error(&login.verify(&sms, json!({}))?)?,
        (429, "E0000109".to_owned())
    );
    wait(&bed, 30);
    login.verify(&sms, json!({}))?;
    let mail = bed.outbox().pop().ok_or("nothing was sent")?;
    login.next(json!({"passCode": mail.code}))?;

    assert_eq!(login.status()?, "SUCCESS");
    Ok(())
}

#[test]
fn a_verification_can_meet_a_limit() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    for (trouble, limit) in [
        (Trouble::RateLimited(2), "600"),
        (Trouble::TooManyAtOnce, "0"),
    ] {
        let bed = asking(&totp)?;
        bed.add_fault(Fault::new(OKTA_HOST, "/api/v1/authn/factors/", trouble));
        let mut login = Login::start(&bed, USER)?;
        let now = code(&bed, &totp, 0)?;

        let limited = login.code(&totp, &now)?;
        assert_eq!(error(&limited)?, (429, "E0000047".to_owned()));
        assert_eq!(limited.header("x-rate-limit-limit"), Some(limit));
        assert!(limited.header("x-rate-limit-reset").is_some());
        login.code(&totp, &now)?;

        assert_eq!(login.status()?, "SUCCESS");
    }
    Ok(())
}

#[test]
fn seeds_are_secrets_of_the_bed() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = asking(&totp)?;
    let mut login = Login::start(&bed, USER)?;
    let now = code(&bed, &totp, 0)?;
    let state_token = login.state.string("/stateToken")?;
    login.code(&totp, &now)?;
    let session_token = login.state.string("/sessionToken")?;

    let secrets = bed.secrets();

    let seed = totp.seed().ok_or("no seed")?;
    for secret in [seed.clone(), now, state_token, session_token] {
        assert!(secrets.contains(&secret));
    }
    assert!(!format!("{totp:?}").contains(&seed));
    Ok(())
}

#[test]
fn factors_are_listed_in_the_order_of_enrolment() -> Result<(), Box<dyn Error>> {
    let factors = [
        OktaFactor::unknown("telepathy", "ACME"),
        OktaFactor::duo(),
        OktaFactor::totp("OKTA"),
        OktaFactor::totp("GOOGLE"),
    ];
    let mut builder = Testbed::builder();
    for factor in &factors {
        builder = builder.enroll("mfa-required@acme.test", factor);
    }
    let bed = builder.start()?;

    let login = Login::start(&bed, "mfa-required@acme.test")?;

    let document = login.state.json()?;
    let listed = document.pointer("/_embedded/factors");
    let listed = listed.and_then(Value::as_array).ok_or("no factors")?;
    let ids: Vec<&str> = listed
        .iter()
        .filter_map(|one| one.pointer("/id").and_then(Value::as_str))
        .collect();
    let enrolled: Vec<&str> = factors.iter().map(OktaFactor::id).collect();
    assert_eq!(ids, enrolled);
    assert_eq!(listed.get(2).map(|one| &one["profile"]), Some(&json!({})));
    Ok(())
}

#[test]
fn what_nobody_can_verify_is_refused() -> Result<(), Box<dyn Error>> {
    let unknown = OktaFactor::unknown("telepathy", "ACME");
    let bed = asking(&unknown)?;

    let answer = Login::start(&bed, USER)?.verify(&unknown, json!({}))?;

    assert_eq!(error(&answer)?.1, "E0000074");
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}
