//! An issuer for tests: keys of every algorithm, and whatever tokens are asked for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p521::ecdsa::{Signature, SigningKey, signature::Signer as _};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};
use serde_json::{Value, json};

/// For tests only; made by `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER`, since
/// `ring` makes no RSA keys.
const RSA_KEYS: [&[u8]; 2] = [include_bytes!("keys/one.der"), include_bytes!("keys/two.der")];

/// A private key with a name.
pub(crate) struct Signer {
    pub(crate) algorithm: &'static str,
    pub(crate) id: String,
    private: Private,
}

enum Private {
    Rsa(RsaKeyPair, &'static dyn signature::RsaEncoding),
    /// With the curve and its length in bytes.
    Ec(EcdsaKeyPair, &'static str, usize),
    P521(Box<SigningKey>),
    Ed(Ed25519KeyPair),
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A compact JWS of these texts, signed by `sign`.
pub(crate) fn compact(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", base64(header), base64(payload));
    let signature = base64(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

impl Signer {
    /// A key for each algorithm.
    pub(crate) fn all() -> Vec<Self> {
        let all = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];
        all.into_iter().map(|algorithm| Self::new(algorithm, &format!("key of {algorithm}"))).collect()
    }

    /// A new key, or with RSA the first of two.
    pub(crate) fn new(algorithm: &'static str, id: &str) -> Self {
        let random = SystemRandom::new();
        let ec = |parameters, curve, side| {
            let document = EcdsaKeyPair::generate_pkcs8(parameters, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(parameters, document.as_ref(), &random).unwrap();
            Private::Ec(pair, curve, side)
        };
        let rsa = |encoding| Private::Rsa(RsaKeyPair::from_der(RSA_KEYS[0]).unwrap(), encoding);
        let private = match algorithm {
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "RS384" => rsa(&signature::RSA_PKCS1_SHA384),
            "RS512" => rsa(&signature::RSA_PKCS1_SHA512),
            "ES256" => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", 32),
            "ES384" => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", 48),
            "ES512" => {
                let mut scalar = [0; 66];
                random.fill(&mut scalar[2..]).unwrap();
                Private::P521(Box::new(SigningKey::from_slice(&scalar).unwrap()))
            }
            _ => {
                let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Private::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
            }
        };
        Self { algorithm, id: id.to_owned(), private }
    }

    /// The second of the RSA keys.
    pub(crate) fn second_rsa(id: &str) -> Self {
        let pair = RsaKeyPair::from_der(RSA_KEYS[1]).unwrap();
        let private = Private::Rsa(pair, &signature::RSA_PKCS1_SHA256);
        Self { algorithm: "RS256", id: id.to_owned(), private }
    }

    /// The public key as a JWK.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.private {
            Private::Rsa(pair, _) => {
                let public = signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "n": base64(public.n), "e": base64(public.e) })
            }
            Private::Ec(pair, curve, side) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(*side);
                json!({ "kty": "EC", "crv": curve, "x": base64(x), "y": base64(y) })
            }
            Private::P521(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at(66);
                json!({ "kty": "EC", "crv": "P-521", "x": base64(x), "y": base64(y) })
            }
            Private::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key()) })
            }
        };
        jwk["kid"] = self.id.as_str().into();
        jwk["alg"] = self.algorithm.into();
        jwk["use"] = "sig".into();
        jwk
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).unwrap();
                signature
            }
            Private::Ec(pair, ..) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Private::P521(key) => {
                let signature: Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Private::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "kid": self.id, "typ": "JWT" })
    }

    /// A token of these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_with(&self.header(), claims)
    }

    /// A token of this header and these claims, genuinely signed.
    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        compact(&header.to_string(), &claims.to_string(), |message| self.sign(message))
    }
}

/// The key set of these signers.
pub(crate) fn key_set<'a>(signers: impl IntoIterator<Item = &'a Signer>) -> Value {
    json!({ "keys": signers.into_iter().map(Signer::jwk).collect::<Vec<_>>() })
}
