//! The Identity Engine: one-time codes, sent codes, pushes, questions, keys.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::{
    CodeError, IdxSwitches, OktaFactor, OktaSwitches, OrgFactor, PollPath, PushAnswer, Round,
    Testbed, USER,
};
use serde_json::{Value, json};

use crate::idx_driver::{Login, bed_with, enrolled, okta_verify, org, passcode, two_steps};

/// An org where [`USER`] has the vendor's own app with this push
fn pushing(push: OktaFactor) -> Result<Testbed, Box<dyn Error>> {
    bed_with(two_steps(), &okta_verify(push))
}

/// Lets the time between two polls pass
fn wait(bed: &Testbed) {
    bed.clock().advance(Duration::from_millis(50));
}

#[test]
fn one_factor_goes_straight_to_its_challenge() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let bed = bed_with(two_steps(), [&otp])?;
    let mut login = Login::past_password(&bed)?;
    assert_eq!(login.names()?, ["challenge-authenticator"]);
    assert_eq!(
        login.document.string("/currentAuthenticator/value/key")?,
        "google_otp"
    );

    login.answer_code(&otp)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_choice_may_come_before_the_only_challenge() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let idx = IdxSwitches {
        straight_to_challenge: false,
        ..two_steps()
    };
    let bed = bed_with(idx, [&otp])?;
    let mut login = Login::start(&bed)?;
    login.send("identify", json!({"identifier": USER}))?;
    login.choose("okta_password", None)?;
    login.send(
        "challenge-authenticator",
        passcode(doorward_testkit::PASSWORD),
    )?;
    assert_eq!(login.names()?, ["select-authenticator-authenticate"]);
    // Its option holds the id alone.
    assert_eq!(
        login
            .option("google_otp")?
            .as_object()
            .map(|fields| fields.len()),
        Some(1)
    );

    login.choose("google_otp", None)?;
    login.answer_code(&otp)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.idx_counts().challenges, 2);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn the_vendors_own_codes_go_into_another_field() -> Result<(), Box<dyn Error>> {
    let verify = OktaFactor::totp("OKTA");
    let bed = bed_with(two_steps(), [&verify])?;
    let mut login = Login::past_password(&bed)?;
    let code = verify.code_at(bed.clock().seconds()).ok_or("no code")?;
    let form = login.form("challenge-authenticator")?;
    assert_eq!(
        form.pointer("/value/0/form/value/0/name"),
        Some(&json!("totp"))
    );

    assert!(
        login
            .send("challenge-authenticator", passcode(&code))
            .is_err()
    );
    assert_eq!(bed.complaints().len(), 1);
    login.send(
        "challenge-authenticator",
        json!({"credentials": {"totp": code}}),
    )?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn a_wrong_code_is_told_at_its_field() -> Result<(), Box<dyn Error>> {
    for (code_error, key) in [
        (
            CodeError::PasscodeInvalid,
            Some("api.authn.error.PASSCODE_INVALID"),
        ),
        (
            CodeError::SoftToken,
            Some("authfactor.challenge.soft_token.invalid_passcode"),
        ),
        (CodeError::TextOnly, None),
    ] {
        let otp = OktaFactor::totp("GOOGLE");
        let idx = IdxSwitches {
            code_error,
            ..two_steps()
        };
        let bed = bed_with(idx, [&otp])?;
        let mut login = Login::past_password(&bed)?;

        login.send("challenge-authenticator", passcode("no code"))?;

        assert_eq!(login.document.status, 401);
        assert!(login.message().is_err());
        assert_eq!(login.field_message().ok().as_deref(), key);
        login.answer_code(&otp)?;
        assert_eq!(login.finish()?.string("/displayName")?, USER);
        assert_eq!(bed.idx_counts().refusals, 1);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_code_is_good_once_in_all_logins() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let bed = bed_with(two_steps(), [&otp])?;
    bed.clock().hold();
    let mut login = Login::past_password(&bed)?;
    login.answer_code(&otp)?;

    let mut login = Login::past_password(&bed)?;
    login.answer_code(&otp)?;
    assert_eq!(
        login.field_message()?,
        "authfactor.challenge.soft_token.used_passcode"
    );
    bed.clock().advance(Duration::from_secs(30));
    login.answer_code(&otp)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn a_code_that_one_engine_took_is_spent_in_the_other() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let okta = OktaSwitches {
        org_factor: OrgFactor::Always,
        ..org(two_steps())
    };
    let bed = enrolled(okta, [&otp])?;
    bed.clock().hold();
    let now = otp.code_at(bed.clock().seconds()).ok_or("no code")?;
    let mut classic = crate::factor_login::Login::start(&bed, USER)?;
    classic.code(&otp, &now)?;
    assert_eq!(classic.status()?, "SUCCESS");

    let mut login = Login::past_password(&bed)?;
    for code in [
        now,
        otp.code_at(bed.clock().seconds() - 30).ok_or("no code")?,
    ] {
        login.send("challenge-authenticator", passcode(&code))?;
        assert_eq!(
            login.field_message()?,
            "authfactor.challenge.soft_token.used_passcode"
        );
    }

    let counts = bed.factor_counts();
    assert_eq!((counts.verifies, counts.replayed, counts.wrong), (3, 2, 0));
    Ok(())
}

#[test]
fn a_text_for_another_login_has_to_wait_too() -> Result<(), Box<dyn Error>> {
    let bed = bed_with(
        two_steps(),
        &[OktaFactor::sms(), OktaFactor::totp("GOOGLE")],
    )?;
    bed.clock().hold();
    Login::past_password(&bed)?.choose("phone_number", Some("sms"))?;

    let mut login = Login::past_password(&bed)?;
    let too_soon = login.choose("phone_number", Some("sms"));
    let too_soon = too_soon.err().ok_or("sent")?.to_string();
    assert!(too_soon.starts_with("429") && too_soon.contains("E0000109"));
    bed.clock().advance(Duration::from_secs(30));
    login.choose("phone_number", Some("sms"))?;

    assert_eq!(bed.outbox().len(), 2);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_clock_may_be_one_step_off() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let bed = bed_with(two_steps(), [&otp])?;
    bed.clock().hold();
    for (ahead, good) in [(90, false), (30, true)] {
        let mut login = Login::past_password(&bed)?;
        let code = otp
            .code_at(bed.clock().seconds() + ahead)
            .ok_or("no code")?;

        login.send("challenge-authenticator", passcode(&code))?;

        assert_eq!(
            login.document.string("/success/href").is_ok(),
            good,
            "{ahead}"
        );
    }
    Ok(())
}

#[test]
fn too_many_wrong_codes_suspend_the_factor() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let okta = OktaSwitches {
        factor_lock_after: 2,
        ..org(two_steps())
    };
    let bed = enrolled(okta, [&otp])?;
    let mut login = Login::past_password(&bed)?;
    for _ in 0..2 {
        login.send("challenge-authenticator", passcode("000000"))?;
    }

    login.answer_code(&otp)?;

    assert_eq!(
        login.field_message()?,
        "authfactor.challenge.suspended_factor"
    );
    Ok(())
}

#[test]
fn a_sent_code_is_in_the_outbox() -> Result<(), Box<dyn Error>> {
    for (method, channel, to) in [
        ("sms", "sms", "+15551234567"),
        ("voice", "call", "+15551234567"),
        ("email", "email", "jd@acme.test"),
    ] {
        let one = match method {
            "email" => vec![OktaFactor::email().to(to)],
            _ => vec![OktaFactor::sms().to(to), OktaFactor::call().to(to)],
        };
        let bed = bed_with(two_steps(), &one)?;
        let mut login = Login::past_password(&bed)?;
        // Nothing was sent yet: it waits to be confirmed.
        assert_eq!(login.names()?, ["authenticator-verification-data"]);
        assert!(bed.outbox().is_empty());

        let form = login.form("authenticator-verification-data")?;
        let mut values = json!({"methodType": method});
        for field in form
            .pointer("/value/0/value/form/value")
            .and_then(Value::as_array)
            .ok_or("no fields")?
        {
            let name = field["name"].as_str().unwrap_or_default();
            if let Some(value) = field.get("value") {
                values[name] = value.clone();
            }
        }
        login.send(
            "authenticator-verification-data",
            json!({"authenticator": values}),
        )?;
        let sent = bed.outbox();
        let sent = sent.first().ok_or("nothing was sent")?;
        assert_eq!((sent.to.as_str(), sent.channel.as_str()), (to, channel));
        assert_eq!(sent.login, USER);
        assert_eq!(
            login
                .document
                .string("/currentAuthenticatorEnrollment/value/methods/0/type")?,
            method
        );
        login.send("challenge-authenticator", passcode(&sent.code))?;

        assert_eq!(login.finish()?.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_second_text_has_to_wait() -> Result<(), Box<dyn Error>> {
    for (method, code) in [("sms", "E0000109"), ("voice", "E0000133")] {
        let bed = bed_with(
            two_steps(),
            &[
                OktaFactor::sms(),
                OktaFactor::call(),
                OktaFactor::totp("GOOGLE"),
            ],
        )?;
        bed.clock().hold();
        let mut login = Login::past_password(&bed)?;
        login.choose("phone_number", Some(method))?;
        let resend = |login: &Login<'_>| {
            let document = login.document.json()?;
            let form = document.pointer("/currentAuthenticatorEnrollment/value/resend");
            Ok::<_, Box<dyn Error>>(form.ok_or("no resend")?.clone())
        };

        let too_soon = login.send_form(&resend(&login)?, json!({}));
        let too_soon = too_soon.err().ok_or("sent")?.to_string();
        assert!(too_soon.starts_with("429") && too_soon.contains(code));
        bed.clock().advance(Duration::from_secs(30));
        login.send_form(&resend(&login)?, json!({}))?;

        let sent = bed.outbox();
        assert_eq!((sent.len(), bed.factor_counts().sent), (2, 2));
        let last = sent.last().ok_or("nothing was sent")?;
        login.send("challenge-authenticator", passcode(&last.code))?;
        assert_eq!(login.finish()?.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_mailbox_may_be_polled() -> Result<(), Box<dyn Error>> {
    let bed = bed_with(
        two_steps(),
        &[OktaFactor::email(), OktaFactor::totp("GOOGLE")],
    )?;
    let mut login = Login::past_password(&bed)?;
    login.choose("okta_email", None)?;
    let document = login.document.json()?;
    let poll = document.pointer("/currentAuthenticatorEnrollment/value/poll");

    login.send_form(poll.ok_or("no poll")?, json!({}))?;

    assert_eq!(
        login.names()?,
        [
            "challenge-authenticator",
            "select-authenticator-authenticate"
        ]
    );
    assert_eq!(bed.factor_counts().polls, 1);
    Ok(())
}

#[test]
fn a_question_wants_its_key_and_an_answer() -> Result<(), Box<dyn Error>> {
    let question = OktaFactor::question("What did you dislike?", "Spinach pie");
    let bed = bed_with(two_steps(), &[question])?;
    let mut login = Login::past_password(&bed)?;
    assert!(
        login
            .send("challenge-authenticator", passcode("Spinach pie"))
            .is_err()
    );
    let other = json!({"credentials": {"questionKey": "other", "answer": "Spinach pie"}});
    assert!(login.send("challenge-authenticator", other).is_err());
    assert_eq!(bed.complaints().len(), 2);

    let right = json!({"credentials": {"questionKey": "own_question", "answer": "spinach pie"}});
    login.send("challenge-authenticator", right)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn a_hardware_tokens_code_is_good_once() -> Result<(), Box<dyn Error>> {
    for token in [
        ("token:hardware", "YUBICO"),
        ("token:hotp", "CUSTOM"),
        ("token", "RSA"),
        ("token", "SYMANTEC"),
    ] {
        let code = "cccjgjgkhcbbirdrfdnlnghhfgrtnnlgedjlftrbdeut";
        let token = OktaFactor::codes(token.0, token.1, &[code]);
        let bed = bed_with(two_steps(), &[token])?;
        let code = passcode(code);
        let mut login = Login::past_password(&bed)?;
        login.send("challenge-authenticator", code.clone())?;
        assert_eq!(login.finish()?.string("/displayName")?, USER);

        let mut login = Login::past_password(&bed)?;
        login.send("challenge-authenticator", code)?;

        assert_eq!(
            login.field_message()?,
            "authfactor.challenge.soft_token.used_passcode"
        );
    }
    Ok(())
}

#[test]
fn what_no_program_has_is_refused() -> Result<(), Box<dyn Error>> {
    for (one, field) in [
        (OktaFactor::duo(), "signatureData"),
        (OktaFactor::unknown("telepathy", "ACME"), "thought"),
    ] {
        let bed = bed_with(two_steps(), &[one])?;
        let mut login = Login::past_password(&bed)?;

        login.send(
            "challenge-authenticator",
            json!({"credentials": {field: "42"}}),
        )?;

        assert_eq!(login.document.status, 401);
    }
    Ok(())
}

#[test]
fn an_approved_push_goes_on() -> Result<(), Box<dyn Error>> {
    for (poll_path, first) in [
        (PollPath::Challenge, "/idp/idx/challenge/poll"),
        (PollPath::Authenticators, "/idp/idx/authenticators/poll"),
        (PollPath::Alternating, "/idp/idx/challenge/poll"),
    ] {
        let idx = IdxSwitches {
            poll_path,
            ..two_steps()
        };
        let push = OktaFactor::push(PushAnswer::Approved, 2);
        let bed = bed_with(idx, &okta_verify(push))?;
        bed.clock().hold();
        let mut login = Login::past_password(&bed)?;
        login.choose("okta_verify", Some("push"))?;
        let poll = login.form("challenge-poll")?;
        assert_eq!(poll.get("refresh"), Some(&json!(50)));
        let href = poll.get("href").and_then(Value::as_str).unwrap_or_default();
        assert!(href.ends_with(first));

        for _ in 0..3 {
            wait(&bed);
            login.send("challenge-poll", json!({}))?;
        }

        assert_eq!(login.finish()?.string("/displayName")?, USER);
        let counts = bed.factor_counts();
        assert_eq!((counts.pushes, counts.polls), (1, 3));
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_poll_elsewhere_is_refused() -> Result<(), Box<dyn Error>> {
    let bed = pushing(OktaFactor::push(PushAnswer::Approved, 0))?;
    let mut login = Login::past_password(&bed)?;
    login.choose("okta_verify", Some("push"))?;
    let mut poll = login.form("challenge-poll")?;
    let url = login.page.url.join("/idp/idx/authenticators/poll")?;
    poll["href"] = json!(url.as_str());

    assert!(login.send_form(&poll, json!({})).is_err());

    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn hot_polling_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = pushing(OktaFactor::push(PushAnswer::Approved, 9))?;
    bed.clock().hold();
    let mut login = Login::past_password(&bed)?;
    login.choose("okta_verify", Some("push"))?;

    login.send("challenge-poll", json!({}))?;
    login.send("challenge-poll", json!({}))?;

    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn the_number_is_a_text_of_the_first_answer() -> Result<(), Box<dyn Error>> {
    for number in [0, 7, 92] {
        let bed = pushing(OktaFactor::push(PushAnswer::Approved, 1).number(number, 2))?;
        let mut login = Login::past_password(&bed)?;

        login.choose("okta_verify", Some("push"))?;

        let pointer = "/currentAuthenticator/value/contextualData/correctAnswer";
        assert_eq!(login.document.string(pointer)?, number.to_string());
    }
    Ok(())
}

#[test]
fn a_rejected_push_may_be_sent_again_but_need_not() -> Result<(), Box<dyn Error>> {
    let bed = pushing(OktaFactor::push(PushAnswer::Rejected, 0))?;
    let mut login = Login::past_password(&bed)?;
    login.choose("okta_verify", Some("push"))?;

    login.send("challenge-poll", json!({}))?;

    assert_eq!(login.message()?, "api.authn.poll.error.push_rejected");
    assert_eq!(login.names()?.first().map(String::as_str), Some("resend"));
    assert_eq!(bed.factor_counts().pushes, 1);
    let form = login.form("resend")?;
    let fields = form
        .pointer("/value/0/value/form/value")
        .and_then(Value::as_array);
    let mut values = json!({});
    for field in fields.ok_or("no fields")? {
        values[field["name"].as_str().unwrap_or_default()] = field["value"].clone();
    }
    login.send("resend", json!({"authenticator": values}))?;
    assert_eq!(bed.factor_counts().pushes, 2);
    assert_eq!(login.names()?, ["challenge-poll"]);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_push_that_nobody_answers_ends_the_login() -> Result<(), Box<dyn Error>> {
    let bed = pushing(OktaFactor::push(PushAnswer::TimedOut, 0))?;
    let mut login = Login::past_password(&bed)?;
    login.choose("okta_verify", Some("push"))?;

    login.send("challenge-poll", json!({}))?;

    assert_eq!(login.document.status, 404);
    assert_eq!(
        login.message()?,
        "core.system.transaction_resource_not_found"
    );
    assert_eq!(login.names()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn the_devices_own_method_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = pushing(OktaFactor::push(PushAnswer::Approved, 0))?;
    let mut login = Login::past_password(&bed)?;

    login.choose("okta_verify", Some("signed_nonce"))?;

    assert_eq!(login.names()?, ["challenge-poll"]);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_policy_may_want_the_device_itself() -> Result<(), Box<dyn Error>> {
    let bed = bed_with(two_steps(), &[OktaFactor::fastpass()])?;
    let mut login = Login::past_password(&bed)?;
    assert_eq!(login.names()?, ["challenge-poll"]);
    assert_eq!(
        login
            .document
            .string("/currentAuthenticator/value/methods/0/type")?,
        "signed_nonce"
    );

    login.send("challenge-poll", json!({}))?;

    assert_eq!(login.names()?, ["challenge-poll"]);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn the_factor_may_come_before_the_password() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let idx = IdxSwitches {
        policy: vec![Round::Factor, Round::Password],
        ..IdxSwitches::default()
    };
    let bed = bed_with(idx, [&otp])?;
    let mut login = Login::start(&bed)?;
    login.send("identify", json!({"identifier": USER}))?;
    assert_eq!(
        login.document.string("/currentAuthenticator/value/key")?,
        "google_otp"
    );

    login.answer_code(&otp)?;
    assert_eq!(
        login.document.string("/currentAuthenticator/value/key")?,
        "okta_password"
    );
    login.send(
        "challenge-authenticator",
        passcode(doorward_testkit::PASSWORD),
    )?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn the_apps_policy_may_add_a_third_round() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let question = OktaFactor::question("What was your pet?", "Rex the third");
    let idx = IdxSwitches {
        policy: vec![Round::Password, Round::Factor, Round::Factor],
        ..IdxSwitches::default()
    };
    let bed = bed_with(idx, &[otp.clone(), question])?;
    let mut login = Login::past_password(&bed)?;
    login.choose("google_otp", None)?;
    login.answer_code(&otp)?;
    assert_eq!(
        login.document.string("/currentAuthenticator/value/key")?,
        "security_question"
    );

    let answer = json!({"credentials": {"questionKey": "own_question", "answer": "Rex the third"}});
    login.send("challenge-authenticator", answer)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn one_factor_may_do_instead_of_the_password() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let idx = IdxSwitches {
        policy: vec![Round::Either],
        ..IdxSwitches::default()
    };
    let bed = bed_with(idx, [&otp])?;
    let mut login = Login::start(&bed)?;
    login.send("identify", json!({"identifier": USER}))?;
    assert_eq!(login.options()?.len(), 2);

    login.choose("google_otp", None)?;
    login.answer_code(&otp)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn another_authenticator_may_be_chosen_during_a_challenge() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    let mut factors = okta_verify(OktaFactor::push(PushAnswer::Approved, 0));
    factors.push(otp.clone());
    let bed = bed_with(two_steps(), &factors)?;
    let mut login = Login::past_password(&bed)?;
    login.choose("okta_verify", Some("push"))?;

    login.choose("google_otp", None)?;
    login.answer_code(&otp)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn nothing_enrolled_cannot_meet_the_policy() -> Result<(), Box<dyn Error>> {
    let bed = bed_with(two_steps(), &[])?;
    let login = Login::past_password(&bed)?;

    assert_eq!(login.document.status, 403);
    assert_eq!(login.message()?, "oie.assurance.unsatisfiable");
    assert_eq!(
        login.document.string("/messages/value/0/i18n/params/0")?,
        "Acme OpenUnison"
    );
    Ok(())
}
