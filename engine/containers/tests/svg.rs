//! SVG: what a strip leaves of drawings and of attacks.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{remains, walk};
use safelight_containers::ContainerError;
use safelight_core::Limits;

const NAMESPACES: &str = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'";

fn strip_bytes(source: &[u8]) -> Result<String, ContainerError> {
    let limits = Limits::default();
    let parts = walk(source, usize::MAX, &limits)?;
    assert_eq!(walk(source, 1, &limits).as_ref(), Ok(&parts), "parts do not depend on chunks");
    let out: Vec<u8> = parts.into_iter().flat_map(remains).collect();
    Ok(String::from_utf8(out).expect("the output is in UTF-8"))
}

/// Strips a source, twice. Returns what remains inside of the root element.
fn strip(source: &str) -> String {
    let out = strip_bytes(source.as_bytes()).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(strip_bytes(out.as_bytes()).as_deref(), Ok(out.as_str()), "a second strip changes nothing");
    let root = out.strip_prefix("<svg xmlns=\"http://www.w3.org/2000/svg\"").expect("the root element");
    let root = root.strip_prefix(" xmlns:xlink=\"http://www.w3.org/1999/xlink\"").unwrap_or(root);
    let inside = root.trim_end();
    let inside =
        inside.strip_suffix("</svg>").or(inside.strip_suffix("/>")).expect("the end of the root element");
    inside.strip_prefix('>').unwrap_or(inside).to_owned()
}

/// Checks what remains of `inside`, in a root element.
fn check(inside: &str, expected: &str) {
    assert_eq!(strip(&format!("<svg {NAMESPACES}>{inside}</svg>")), expected, "{inside}");
}

#[test]
fn what_draws_is_kept() {
    for kept in [
        "<path d=\"M0 0h9v9z\" fill=\"#f00\" transform=\"rotate(45 1 1) translate(3)\"/>",
        "<defs><linearGradient id=\"a\"><stop offset=\"0\" stop-color=\"red\"/></linearGradient></defs>",
        "<rect width=\"9\" height=\"9\" fill=\"url(#a) red\" style=\"stroke:url(#b);stroke-width:2\"/>",
        "<use xlink:href=\"#a\"/><use href=\"#a\"/>",
        "<text x=\"1\" xml:space=\"preserve\"> a <tspan>b</tspan> &lt;&amp; </text>",
    ] {
        check(kept, kept);
    }
    check("<style> .a &gt; b { fill : red } </style>", "<style>.a &gt; b{fill:red}</style>");
    check("<style><![CDATA[ a>b{fill:red} ]]></style>", "<style>a&gt;b{fill:red}</style>");
    check(
        "<filter id='f'><feGaussianBlur stdDeviation='2'/></filter>",
        "<filter id=\"f\"><feGaussianBlur stdDeviation=\"2\"/></filter>",
    );
    check(
        "<animate attributeName='fill' values='red;blue'/>",
        "<animate attributeName=\"fill\" values=\"red;blue\"/>",
    );
    check("<text a='1'>\r\na&#10;b&#x42;</text>", "<text>\na\nbB</text>");
    check("<a id='&quot;&#9;&lt;'/>", "<a id=\"&#34;&#9;&lt;\"/>");
    assert_eq!(
        strip(
            "\u{FEFF}<?xml version='1.0' encoding='UTF-8'?><!-- note --><s:svg xmlns:s='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><s:g/></s:svg>"
        ),
        " viewBox=\"0 0 1 1\"><g/>"
    );
}

#[test]
fn metadata_and_data_of_editors_are_cut() {
    for cut in [
        "<!-- Generator: a program of J. Doe -->",
        "<metadata><rdf:RDF xmlns:rdf='r'><dc:creator xmlns:dc='d'>J. Doe</dc:creator></rdf:RDF></metadata>",
        "<title>J. Doe</title><desc>a house</desc>",
        "<sodipodi:namedview xmlns:sodipodi='s' inkscape:window-width='1' xmlns:inkscape='i'/>",
        "<i:pgf xmlns:i='http://ns.adobe.com/AdobeIllustrator/10.0/'>J. Doe<g/></i:pgf>",
        "<?adobe-xap-filters esc='CR'?>",
        "stray text",
        "<unknown><g/></unknown>",
        "<font><glyph/></font>",
        "<g xmlns=''/>",
        "<g xmlns='http://www.w3.org/1999/xhtml'/>",
    ] {
        check(cut, "");
    }
    check(
        "<g inkscape:label='J. Doe' xmlns:inkscape='i' data-name='J. Doe' aria-label='J. Doe' xml:base='http://host/' id='a'/>",
        "<g id=\"a\"/>",
    );
    check("<g style='-inkscape-font-specification:Doe;fill:red'/>", "<g style=\"fill:red\"/>");
}

#[test]
fn declared_namespaces_of_illustrator_are_read_and_other_entities_rejected() {
    let document = |subset: &str, namespace: &str, inside: &str| {
        format!(
            "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'a.dtd' [{subset}]><svg xmlns='{namespace}'>{inside}</svg>"
        )
    };
    let svg = "<!ENTITY ns_svg \"http://www.w3.org/2000/svg\"> <!-- <!ENTITY ns_svg 'x'> --> <!ENTITY a 'b'>";
    assert_eq!(
        strip(&document(svg, "&ns_svg;", "<g id='&a;'/><text>&a;</text>")),
        "<g id=\"b\"/><text>b</text>"
    );
    let check = |subset: &str, inside: &str, expected: &str| {
        let error = strip_bytes(document(subset, "http://www.w3.org/2000/svg", inside).as_bytes());
        let error = error.expect_err("a source that is rejected").to_string();
        assert!(error.ends_with(expected), "{subset}: {error}");
    };
    let undeclared = "a reference to an entity that is not declared, or to no character";
    check("<!ENTITY x SYSTEM 'file:///etc/passwd'>", "<text>&x;</text>", undeclared);
    check("<!ENTITY % p SYSTEM 'http://host/'> %p;", "<text>&p;</text>", undeclared);
    check("<!ENTITY a 'laugh'><!ENTITY b '&a;&a;&a;'>", "<text>&b;</text>", undeclared);
    check("<!ENTITY a '<script/>'>", "<text>&a;</text>", undeclared);
    check("", "<text>&#0;</text>", undeclared);
    check("", "<g id='&nbsp;'/>", undeclared);
    // A short text that becomes a long one.
    let long = format!("<!ENTITY a '{}'>", "x".repeat(1000));
    check(&long, &format!("<text>{}</text>", "&a;".repeat(70)), undeclared);
}

/// Attacks of public collections: XSS filter evasion (OWASP), the tests of `DOMPurify` and svg-sanitizer, and their variants.
/// What remains of each.
const ATTACKS: &[(&str, &str)] = &[
    ("<script>alert(1)</script>", ""),
    ("<ScRiPt>alert(1)</ScRiPt>", ""),
    ("<s:script xmlns:s='http://www.w3.org/2000/svg'>alert(1)</s:script>", ""),
    ("<h:script xmlns:h='http://www.w3.org/1999/xhtml' src='//host/'/>", ""),
    ("<script xlink:href='data:text/javascript,alert(1)'/>", ""),
    ("<g><g><script><![CDATA[alert(1)]]></script></g></g>", "<g><g/></g>"),
    ("<script><g onload='alert(1)'/></script>", ""),
    ("<g onload='alert(1)' onclick='alert(1)' ONBEGIN='alert(1)' onfocusin='alert(1)'/>", "<g/>"),
    ("<g x:onload='alert(1)' xmlns:x='http://www.w3.org/2000/svg'/>", "<g/>"),
    ("<foreignObject><body xmlns='http://www.w3.org/1999/xhtml' onload='alert(1)'/></foreignObject>", ""),
    ("<foreignObject><g/></foreignObject>", ""),
    ("<switch><foreignObject/><g/></switch>", "<switch><g/></switch>"),
    ("<iframe src='javascript:alert(1)'/><embed/><object/><audio/><video/><canvas/>", ""),
    ("<handler type='text/javascript'>alert(1)</handler><listener/>", ""),
    ("<a href='javascript:alert(1)'><text>x</text></a>", "<a><text>x</text></a>"),
    ("<a xlink:href='  JaVaScRiPt:alert(1)'/>", "<a/>"),
    ("<a xlink:href='java&#x09;script:alert(1)'/>", "<a/>"),
    ("<a xlink:href='&#106;&#97;&#118;&#97;script&#x3A;alert(1)'/>", "<a/>"),
    ("<a xlink:href='&#160;javascript:alert(1)'/>", "<a/>"),
    ("<a xlink:href='data:text/html,&lt;script&gt;'/>", "<a/>"),
    ("<a y:href='javascript:alert(1)' xmlns:y='http://www.w3.org/1999/xlink'/>", "<a/>"),
    (
        "<a y:href='#b' xmlns:y='http://www.w3.org/1999/xlink' xlink:href='javascript:alert(1)'/>",
        "<a xlink:href=\"#b\"/>",
    ),
    ("<use href='//host/a.svg#a'/><use xlink:href='a.svg#a'/>", "<use/><use/>"),
    ("<use href='data:image/svg+xml;base64,PHN2Zy8+#a'/>", "<use/>"),
    (
        "<image href='http://host/'/><image xlink:href='file:///etc/passwd'/><feImage href='//host/'/>",
        "<image/><image/><feImage/>",
    ),
    ("<image href='data:image/svg+xml,&lt;svg onload=alert(1)&gt;'/>", "<image/>"),
    ("<image href='data:image/png;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSkvPg=='/>", "<image/>"),
    ("<set attributeName='onmouseover' to='alert(1)'/>", ""),
    ("<set attributeName='href' to='javascript:alert(1)'/>", ""),
    ("<animate attributeName='xlink:href' values='javascript:alert(1);'/>", ""),
    ("<animate attributeName='fill' values='url(http://host/)'/>", "<animate attributeName=\"fill\"/>"),
    ("<animate attributeName=' href ' to='x'/>", ""),
    ("<style>@import 'http://host/a.css';a{fill:red}</style>", "<style>a{fill:red}</style>"),
    ("<style>@\\69mport 'http://host/a.css';</style>", "<style/>"),
    ("<style>a{fill:url(http://host/)} b{fill:url( '#b' )}</style>", "<style>b{fill:url( '#b' )}</style>"),
    ("<style>a{fill:\\75rl(http://host/)}</style>", "<style/>"),
    ("<style>a{width:expression(alert(1))} a{-moz-binding:url(#a)} a{behavior:url(#a)}</style>", "<style/>"),
    ("<style>@font-face{font-family:a;src:url(http://host/a.woff)}</style>", "<style/>"),
    ("<style>&lt;/style>&lt;script>alert(1)&lt;/script>{fill:red}</style>", "<style/>"),
    ("<style><script>alert(1)</script></style>", "<style/>"),
    ("<g style='fill:url(\"http://host/\");stroke:red'/>", "<g style=\"stroke:red\"/>"),
    ("<g style='background:url(javascript:alert(1))'/>", "<g/>"),
    (
        "<g fill='\\75rl(http://host/)' filter='url(//host/#a)' clip-path='uRL( http://host/ )' mask='image-set(\"//host/\" 1x)'/>",
        "<g/>",
    ),
    (
        "<g cursor='url(http://host/)' fill='url(&#35;a)' stroke='url(&quot;#a&quot;)'/>",
        "<g fill=\"url(#a)\" stroke=\"url(&#34;#a&#34;)\"/>",
    ),
    ("<?xml-stylesheet href='http://host/a.css'?>", ""),
    (
        "<text><![CDATA[<script>alert(1)</script>]]></text>",
        "<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>",
    ),
    ("<text>&lt;img src=x onerror=alert(1)&gt;</text>", "<text>&lt;img src=x onerror=alert(1)&gt;</text>"),
    (
        "<g id='&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'/>",
        "<g id=\"&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\"/>",
    ),
    ("<g><math xmlns='http://www.w3.org/1998/Math/MathML'><mtext/><g/></math></g>", "<g/>"),
    ("<g xmlns:xlink='http://host/' xlink:href='#a'/>", "<g/>"),
    ("<g xml:base='javascript:/*'/>", "<g/>"),
];

#[test]
fn attacks_leave_nothing_that_runs_or_refers() {
    for (attack, expected) in ATTACKS {
        check(attack, expected);
    }
    // On the root element.
    let root = format!("<svg {NAMESPACES} onload='alert(1)' style='fill:url(//host/)'><g/></svg>");
    assert_eq!(strip(&root), "<g/>");
}

#[test]
fn pictures_in_urls_are_stripped_too() {
    let jpeg = safelight_images::read("photo.jpg");
    let url = |file: &[u8], kind: &str| format!("data:{kind};base64,{}", STANDARD.encode(file));
    let attack = format!("<image width='9' xlink:href='{}'/>", url(&jpeg, "image/png;a=b"));
    let out = strip(&format!("<svg {NAMESPACES}>{attack}</svg>"));
    let data = out.strip_prefix("<image width=\"9\" xlink:href=\"data:image/jpeg;base64,");
    let data = data.and_then(|data| data.strip_suffix("\"/>")).expect("a JPEG, as which it is declared now");
    let file = STANDARD.decode(data).expect("valid Base64");
    let parts = walk(&jpeg, usize::MAX, &Limits::default()).expect("a sample");
    let expected: Vec<u8> = parts
        .into_iter()
        .flat_map(|piece| if common::is_oriented(&piece) { Vec::new() } else { remains(piece) })
        .collect();
    assert!(file == expected && file.len() < jpeg.len(), "as a file of its own");
    for secret in safelight_images::SECRETS {
        assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    // Base64 with breaks and without padding.
    let gif = STANDARD.encode(safelight_images::read("animated.gif"));
    let broken =
        gif.trim_end_matches('=').as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap());
    let broken = broken.collect::<Vec<_>>().join("\n ");
    assert!(
        strip(&format!("<svg {NAMESPACES}><image href='DATA:;BASE64,{broken}'/></svg>"))
            .contains("image/gif")
    );
    for other in [
        url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        url(&jpeg[..700], "image/jpeg"),
        "data:image/png,%89PNG".to_owned(),
        "data:image/png;base64,####".to_owned(),
    ] {
        check(&format!("<image href='{other}'/>"), "<image/>");
    }
}

#[test]
fn what_cannot_be_sanitised_is_rejected() {
    let check = |source: &[u8], expected: &str| {
        let error = strip_bytes(source).expect_err("a source that is rejected").to_string();
        assert!(error.contains(expected), "{}: {error}", String::from_utf8_lossy(source));
    };
    let svg = |inside: &str| format!("<svg {NAMESPACES}>{inside}</svg>").into_bytes();
    let utf_16: Vec<u8> =
        "<svg xmlns='http://www.w3.org/2000/svg'/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&[b"\xFF\xFE", &utf_16[..]].concat(), "unrecognised image format");
    check(&utf_16, "unrecognised image format");
    check(b"\x1F\x8B\x08\0\0\0\0\0\0\0\0\0\0\0\0\0", "unrecognised image format");
    check(b"+ADw-svg onload+AD0-alert(1)+AD4-", "unrecognised image format");
    check(
        &svg("<text>\u{E4}</text>")
            .iter()
            .map(|byte| if *byte == 0xC3 { 0xE4 } else { *byte })
            .collect::<Vec<_>>(),
        "UTF-8",
    );
    check(&svg("<text>\x07</text>"), "a character that XML does not allow");
    check(b"<svg><g/></svg>  ", "a root element that is not <svg> in the namespace of SVG");
    check(b"<svg xmlns='http://www.w3.org/1999/xhtml'/>", "a root element that is not <svg>");
    check(&svg("<g></a>"), "not well-formed");
    check(&svg("<g a=b/>"), "not well-formed");
    check(&svg("<g a='b/>"), "well-formed");
    check(&svg("<text>&</text>"), "well-formed");
    check(&svg("<a xlink:href='javascript&colon;alert(1)'/>"), "an entity that is not declared");
    check(&[svg(""), svg("")].concat(), "a second root element");
    check(&svg("<g>")[..svg("<g>").len() - 6], "truncated SVG");
    check(&svg(&"<g>".repeat(300)), "nested more than 256 deep");
    let namespaces = (0..300).fold(String::new(), |all, at| all + &format!(" xmlns:n{at}='a'"));
    check(&svg(&format!("<g{namespaces}/>")), "more than 256 namespaces");
    let limits = Limits { max_source_bytes: 300, ..Limits::default() };
    let error = walk(&svg("<g/>"), 7, &limits).expect_err("a source beyond the limit");
    assert_eq!(error.to_string(), "the size of the SVG exceeds the limit of 75 bytes");
}

#[test]
fn every_truncation_and_mutation_is_rejected_or_rewritten() {
    let source = format!(
        "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'b'>]><svg {NAMESPACES}><style>a{{fill:red}}</style><!-- c --><g id='&a;' style='fill:url(#a)'><text>a&amp;<![CDATA[b]]></text></g></svg>"
    );
    let sanitised = |source: &[u8]| {
        // A result is sanitised already.
        if let Ok(out) = safelight_containers::svg::sanitise(source, &Limits::default()) {
            assert_eq!(safelight_containers::svg::sanitise(&out, &Limits::default()).as_ref(), Ok(&out));
        }
    };
    let mut state = 7_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for end in 0..source.len() {
        sanitised(&source.as_bytes()[..end]);
    }
    for _ in 0..20_000 {
        let mut mutant = source.clone().into_bytes();
        for _ in 0..=random(4) {
            let at = random(mutant.len());
            match random(3) {
                0 => mutant[at] = b"<>&;:'\"=/#!-[] {}()@\\\n"[random(22)],
                1 => drop(mutant.drain(at..(at + random(20)).min(mutant.len()))),
                _ => {
                    let piece = mutant[at..(at + random(30)).min(mutant.len())].to_vec();
                    let to = random(mutant.len());
                    drop(mutant.splice(to..to, piece));
                }
            }
        }
        sanitised(&mutant);
    }
}
