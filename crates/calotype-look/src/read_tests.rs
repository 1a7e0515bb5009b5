//! What look files may hold, and what the reader says otherwise.

use super::*;

const HEAD: &str = "schema = \"look/1\"\n[meta]\nname = \"test\"\n";

fn message(body: &str) -> String {
    Look::from_toml(&format!("{HEAD}{body}")).unwrap_err().to_string()
}

#[test]
fn everything_can_be_said() {
    let text = r#"
schema = "look/1"
[meta]
name = "test-1"
description = "A test."
parents = [{ id = "natural", weight = 0.25 }, { id = "vibrant" }]
[anchor]
grey_in = 0.18
grey_out_lstar = 50
white = "D65"
surround = "average"
[tone]
slope = 1.3
[render]
inset = [0.1, 0.2, 0.3]
[tint]
shadow = [-1, 2.5]
[[sector]]
hue = 105
shift_deg = -3
[[sector]]
hue = "blue"
chroma = 0.6
[contract]
slope = 1.3
lstar = { "-3" = 5.6, "2" = 81 }
gain = { "+1.5" = 0.75 }
hue = { blue = -12, red = 5 }
"#;
    let look = Look::from_toml(text).unwrap();
    assert_eq!(look.meta.parents, [("natural".to_owned(), 0.25), ("vibrant".to_owned(), 1.0)]);
    assert_eq!(look.anchor.grey_out_lstar, 50.0);
    assert_eq!(look.render.inset, [0.1, 0.2, 0.3]);
    assert_eq!(look.tint.shadow, [-1.0, 2.5]);
    assert_eq!((look.sectors[2].shift_deg, look.sectors[5].chroma), (-3.0, 0.6));
    assert_eq!(look.contract.lstar, [(-3.0, 5.6), (2.0, 81.0)]);
    assert_eq!(look.contract.gain, [(1.5, 0.75)]);
    assert_eq!(look.contract.hue, [(0, 5.0), (5, -12.0)]);
    // What is not said is neutral.
    assert_eq!(look.chroma, crate::Chroma::default());
}

#[test]
fn unknown_keys_are_answered_with_the_nearest() {
    assert_eq!(message("[tone]\nsholder = 2\n"), "line 5: unknown key `tone.sholder`; did you mean `tone.shoulder`?");
    assert_eq!(message("[tone]\nslpoe = 2\n"), "line 5: unknown key `tone.slpoe`; did you mean `tone.slope`?");
    assert_eq!(message("[tones]\n"), "line 4: unknown key `tones`; did you mean `tone`?");
    assert_eq!(
        message("[tone]\nvibrance = 2\n"),
        "line 5: unknown key `tone.vibrance`; did you mean `chroma.vibrance`?"
    );
    assert_eq!(message("[tone]\nzzzzzzzzzzzz = 2\n"), "line 5: unknown key `tone.zzzzzzzzzzzz`");
    assert_eq!(
        message("[contract]\nhue = { greem = 2 }\n"),
        "line 5: unknown key `contract.hue.greem`; did you mean `contract.hue.green`?"
    );
}

#[test]
fn ranges_and_kinds_are_taught() {
    assert_eq!(
        message("[optics]\n\ncorner_ev = 0.6\n"),
        "line 6: `optics.corner_ev` = 0.6 lies outside -3 to 0 EV: light at the corner against the centre"
    );
    assert_eq!(message("[tone]\nslope = \"1\"\n"), "line 5: `tone.slope` must be a finite number, not string");
    assert_eq!(message("[tone]\nslope = nan\n"), "line 5: `tone.slope` must be a finite number, not float");
    assert_eq!(
        message("[render]\ninset = [1, 2]\n"),
        "line 5: `render.inset` must be a list of 3 numbers [red, green, blue], not a list of 2"
    );
    assert!(message("[[sector]]\nhue = 30\n").starts_with("line 5: `sector.hue` must be one of 25 (red), 50 (skin)"));
    assert_eq!(message("[[sector]]\nhue = 25\n[[sector]]\nhue = 'red'\n"), "line 6: sector 25 (red) is given twice");
    assert_eq!(message("[anchor]\nwhite = 'D50'\n"), "line 5: `anchor.white` must be \"D65\", not \"D50\"");
    assert!(message("[tone\n").starts_with("line 4, column "));
    assert!(message("[tone]\nslope = 1.1\nslope = 1.2\n").starts_with("line 6, column "));
}

#[test]
fn schema_and_name_must_be_there() {
    assert_eq!(Look::from_toml("").unwrap_err().to_string(), "`schema` is missing: it must be `look/1`");
    assert_eq!(
        Look::from_toml("schema = 'look/9'").unwrap_err().to_string(),
        "the schema is `look/9`; this version reads `look/1`"
    );
    assert_eq!(
        Look::from_toml("schema = 'look/1'").unwrap_err().to_string(),
        "`meta.name` is missing: what the look is called"
    );
    assert!(matches!(Look::from_toml(&" ".repeat(70_000)), Err(LookError::TooLarge(70_000))));
    let deep = format!("schema = {}", "[".repeat(30_000));
    assert!(matches!(Look::from_toml(&deep), Err(LookError::Syntax { .. })));
}
