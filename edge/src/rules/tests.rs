use super::*;
use crate::normalize::declared_params;

fn settings() -> RuleSettings {
    RuleSettings::default()
}

fn rules(settings: RuleSettings) -> Rules {
    Rules::new(settings, declared_params()).unwrap()
}

fn presets() -> Presets {
    let presets = [("card", "width=320&format=auto&q=70"), ("plain", "w=100&fit=cover"), ("empty", "")];
    presets.map(|(name, query)| (name.to_owned(), query.to_owned())).into()
}

#[track_caller]
fn check(rules: &Rules, raw: &str, expected: Result<&str, &str>) {
    let found = rules.query(raw, "image/webp");
    let found = found.map(|asked| asked.query.to_string()).map_err(|error| error.message);
    assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{raw}");
}

#[test]
fn a_preset_is_its_query() {
    let rules = rules(RuleSettings { presets: presets(), ..settings() });
    check(&rules, "preset=card", Ok("width=320&format=webp&quality=70"));
    check(&rules, "preset=plain&v=3", Ok("width=100&fit=cover"));
    check(&rules, "preset=empty", Ok(""));
    check(&rules, "preset=plain&w=0500&h=7", Ok("width=500&height=7&fit=cover"));
    check(&rules, "preset=plain&fit=scale-down", Ok("width=100"));
    check(&rules, "preset=plain&fit=", Ok("width=100&fit=cover"));
    check(&rules, "preset=card&f=png", Ok("width=320&format=png&quality=70"));
    check(&rules, "preset=crad", Err("preset: unsupported preset \"crad\": expected card"));
    check(&rules, "preset=x", Err("preset: unsupported preset \"x\": expected card, empty or plain"));
    check(&rules, "preset=a%20b", Err("preset: expected the name of a preset, got \"a b\""));
    let asked = rules.query("preset=card&download=a%20b.jpg", "").unwrap();
    assert_eq!((asked.preset.as_deref(), asked.download.as_deref()), (Some("card"), Some("a b.jpg")));
    assert!(asked.query.is_negotiated && asked.query.get("format") == Some("auto"));

    let none = Rules::new(settings(), declared_params()).unwrap();
    check(&none, "preset=card", Err("preset: unsupported preset \"card\": there are none"));
}

#[test]
fn only_presets_rejects_everything_else() {
    let rules = rules(RuleSettings { presets: presets(), only_presets: true, ..settings() });
    check(&rules, "preset=plain&utm_source=x&download=a", Ok("width=100&fit=cover"));
    check(&rules, "preset=plain&w=5", Err("the key width is not allowed: expected only preset"));
    check(&rules, "", Err("missing key preset: expected card, empty or plain"));
    check(&rules, "width=5", Err("the key width is not allowed: expected only preset"));
    check(&rules, "w=x", Err("width: expected an integer from 1 to 16384, got \"x\""));
}

#[test]
fn keys_values_and_formats_may_be_restricted() {
    let allow = Allow {
        keys: Some(["width", "dpr", "format", "quality", "preset"].map(str::to_owned).into()),
        values: [
            ("dpr".to_owned(), vec![Scalar::Integer(1), Scalar::Number(1.5), Scalar::Text("2.0".to_owned())]),
            ("width".to_owned(), vec![Scalar::Integer(100), Scalar::Integer(200)]),
            ("quality".to_owned(), vec![]),
        ]
        .into(),
        formats: Some(vec!["jpg".to_owned(), "avif".to_owned()]),
    };
    let rules = rules(RuleSettings { allow, presets: presets(), ..settings() });
    check(&rules, "w=0100&dpr=2&f=jpg", Ok("width=100&dpr=2&format=jpeg"));
    check(&rules, "w=200&dpr=1.50", Ok("width=200&dpr=1.5"));
    check(&rules, "dpr=1", Ok(""));
    check(&rules, "w=300", Err("width: expected 100 or 200, got \"300\""));
    check(&rules, "dpr=3", Err("dpr: expected 1.5 or 2, got \"3\""));
    check(&rules, "q=5", Err("quality: expected no value, got \"5\""));
    check(&rules, "f=webp", Err("format: expected jpeg or avif, got \"webp\""));
    check(&rules, "f=auto", Ok("format=auto"));
    assert_eq!(rules.query("f=auto", "image/avif").unwrap().query.to_string(), "format=auto-avif");
    let best = rules.query("f=best", "image/avif,image/webp").unwrap().query;
    assert_eq!(best.to_string(), "format=best-avif");
    check(&rules, "f=best-avif-webp", Err("format: expected jpeg or avif, got \"best-avif-webp\""));
    check(
        &rules,
        "height=5",
        Err("unsupported key \"height\": expected width, dpr, format, quality or preset"),
    );
    // The operator wrote it.
    check(&rules, "preset=card", Ok("width=320&format=webp&quality=70"));
}

#[test]
fn values_climb_their_ladder() {
    let ladders = [("width".to_owned(), vec![960, 320, 640]), ("quality".to_owned(), vec![60, 80])].into();
    let rules = rules(RuleSettings { ladders, presets: presets(), ..settings() });
    for (asked, expected) in [(1, 320), (320, 320), (321, 640), (960, 960), (961, 960), (16384, 960)] {
        check(&rules, &format!("w={asked}&h=5"), Ok(&format!("width={expected}&height=5")));
    }
    check(&rules, "q=61", Ok("quality=80"));
    check(&rules, "q=auto", Ok("quality=auto"));
    check(&rules, "w=0", Err("width: expected an integer from 1 to 16384, got \"0\""));
    check(&rules, "preset=plain", Ok("width=100&fit=cover"));
    check(&rules, "preset=plain&w=400", Ok("width=640&fit=cover"));
}

#[test]
fn errors_name_the_invalid_setting() {
    let check = |settings: RuleSettings, expected: &str| {
        let found = Rules::new(settings, declared_params()).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{found}");
    };
    let allow = |allow| RuleSettings { allow, ..settings() };
    let keys = Some(vec!["width".to_owned(), "heightt".to_owned()]);
    check(
        allow(Allow { keys, ..Allow::default() }),
        "allow.keys[1]: must be a parameter: height, not \"heightt\"",
    );
    let formats = Some(vec!["wepb".to_owned()]);
    check(
        allow(Allow { formats, ..Allow::default() }),
        "allow.formats[0]: must be a format: webp, not \"wepb\"",
    );
    let values = [("width".to_owned(), vec![Scalar::Integer(0)])].into();
    check(
        allow(Allow { values, ..Allow::default() }),
        "allow.values.width: width: expected an integer from 1 to 16384, got \"0\"",
    );
    let ladder = |key: &str, rungs: &[u32]| RuleSettings {
        ladders: [(key.to_owned(), rungs.to_vec())].into(),
        ..settings()
    };
    check(
        ladder("widthh", &[1]),
        "ladders.widthh: must be a parameter of a transform: width, not \"widthh\"",
    );
    check(
        ladder("width", &[0, 5]),
        "ladders.width: must be a list of whole numbers from 1 to 16384, not [0, 5]",
    );
    check(ladder("dpr", &[1]), "ladders: must be a table of parameters that are whole numbers, not \"dpr\"");
    let preset = |name: &str, query: &str| RuleSettings {
        presets: [(name.to_owned(), query.to_owned())].into(),
        ..settings()
    };
    check(preset("card", "widthh=5"), "presets.card: unsupported key \"widthh\": did you mean width?");
    check(preset("card", "preset=other"), "presets.card: unsupported key \"preset\": expected resolution, ");
    check(preset("card", "w=0"), "presets.card: width: expected an integer from 1 to 16384, got \"0\"");
    check(
        preset("a b", ""),
        "presets: must be a table of names of 1 to 64 letters, digits, hyphens and underscores, not \"a b\"",
    );
    check(
        RuleSettings { only_presets: true, ..settings() },
        "only-presets: must be false without presets, not true",
    );
}
