//! Which service of which region a request is signed for.

/// A service, and how it reads signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in a signature's scope.
    pub name: &'static str,
    /// How often a path is escaped when it is signed.
    pub escapes: Escapes,
    /// Whether it signs a path without empty and dot segments (RFC 3986 section 5.2.4).
    pub normalizes: bool,
    /// Whether it takes bodies over TLS that are not signed.
    pub takes_unsigned: bool,
    /// Whether requests say the hash of their body in `x-amz-content-sha256`.
    pub says_hash: bool,
}

/// How often a path is escaped when it is signed; it is sent escaped once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// As it is sent.
    Once,
    /// With its escapes escaped once more.
    Twice,
}

impl Service {
    /// Buckets, access points, and aliases of access points.
    pub const S3: Self =
        Self { name: "s3", escapes: Escapes::Once, normalizes: false, takes_unsigned: true, says_hash: true };
    /// Object Lambda access points under their own domain, and `WriteGetObjectResponse`.
    pub const S3_OBJECT_LAMBDA: Self = Self { name: "s3-object-lambda", ..Self::S3 };
    /// Function URLs.
    pub const LAMBDA: Self = Self {
        name: "lambda",
        escapes: Escapes::Twice,
        normalizes: true,
        takes_unsigned: false,
        says_hash: true,
    };
    /// `HealthImaging`.
    pub const MEDICAL_IMAGING: Self = Self { name: "medical-imaging", ..Self::LAMBDA };
    /// Every service.
    pub const ALL: [Self; 4] = [Self::S3, Self::S3_OBJECT_LAMBDA, Self::LAMBDA, Self::MEDICAL_IMAGING];
}

/// Whom a request is signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The service.
    pub service: Service,
    /// Its region, as in `eu-central-1`.
    pub region: String,
}

impl Target {
    /// What the domain of an origin says; `None` where it says no service or no region.
    ///
    /// An alias of an Object Lambda access point (`…--ol-s3.s3.{region}.amazonaws.com`) is signed for as a
    /// bucket is: the endpoint rules of AWS's SDKs know no other name for it, and CloudFront wants an origin
    /// access control of type `s3`.
    pub fn of_domain(domain: &str) -> Option<Self> {
        let domain = domain.to_ascii_lowercase();
        let aws = domain.strip_suffix(".amazonaws.com").or_else(|| domain.strip_suffix(".amazonaws.com.cn"));
        let (service, region) = match aws {
            Some(rest) => of_aws(&rest.split('.').collect::<Vec<_>>())?,
            None => match domain.strip_suffix(".on.aws")?.split('.').collect::<Vec<_>>()[..] {
                [id, "lambda-url", region] if !id.is_empty() => (Service::LAMBDA, region),
                _ => return None,
            },
        };
        is_region(region).then(|| Self { service, region: region.to_owned() })
    }
}

/// Service and region of the labels before `amazonaws.com`.
fn of_aws<'a>(labels: &[&'a str]) -> Option<(Service, &'a str)> {
    match *labels {
        [access_point, "s3-object-lambda" | "s3-object-lambda-fips", region] if !access_point.is_empty() => {
            Some((Service::S3_OBJECT_LAMBDA, region))
        }
        ["runtime-medical-imaging" | "runtime-medical-imaging-fips" | "dicom-medical-imaging", region] => {
            Some((Service::MEDICAL_IMAGING, region))
        }
        [.., "s3" | "s3-fips" | "s3-accesspoint" | "s3-accesspoint-fips", region]
        | [.., "s3" | "s3-fips" | "s3-accesspoint" | "s3-accesspoint-fips", "dualstack", region] => {
            Some((Service::S3, region))
        }
        // The oldest form, in which only some regions have names.
        [.., last] => Some((Service::S3, last.strip_prefix("s3-")?)),
        [] => None,
    }
}

/// Whether `text` is written as regions are: `eu-central-1`, `us-gov-west-1`, `eusc-de-east-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let [first, middle @ .., last] = &parts[..] else { return false };
    let is_number = (1..=2).contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_digit());
    let is_area = is_word(first) && (first.len() == 2 || *first == "eusc");
    is_area && (1..=2).contains(&middle.len()) && middle.iter().all(is_word) && is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_say_service_and_region() {
        let check = |domain: &str, expected: Option<(Service, &str)>| {
            let expected = expected.map(|(service, region)| Target { service, region: region.to_owned() });
            assert_eq!(Target::of_domain(domain), expected, "{domain}");
        };
        let (s3, olap) = (Service::S3, Service::S3_OBJECT_LAMBDA);
        let (lambda, imaging) = (Service::LAMBDA, Service::MEDICAL_IMAGING);
        check("photos.s3.eu-central-1.amazonaws.com", Some((s3, "eu-central-1")));
        check("Photos.S3.EU-Central-1.AmazonAWS.com", Some((s3, "eu-central-1")));
        check("my.own.photos.s3.us-gov-west-1.amazonaws.com", Some((s3, "us-gov-west-1")));
        check("photos.s3-us-west-2.amazonaws.com", Some((s3, "us-west-2")));
        check("photos.s3.dualstack.ap-southeast-2.amazonaws.com", Some((s3, "ap-southeast-2")));
        check("photos.s3-fips.us-east-2.amazonaws.com", Some((s3, "us-east-2")));
        check("photos.s3.cn-north-1.amazonaws.com.cn", Some((s3, "cn-north-1")));
        check("ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com", Some((s3, "eu-west-1")));
        check("shot-abc123--ol-s3.s3.eu-west-1.amazonaws.com", Some((s3, "eu-west-1")));
        check("olap-111122223333.s3-object-lambda.eu-west-1.amazonaws.com", Some((olap, "eu-west-1")));
        check("abc.lambda-url.eusc-de-east-1.on.aws", Some((lambda, "eusc-de-east-1")));
        check("runtime-medical-imaging.us-east-1.amazonaws.com", Some((imaging, "us-east-1")));
        check("dicom-medical-imaging.us-west-2.amazonaws.com", Some((imaging, "us-west-2")));

        // No region, no signature, or no AWS.
        check("photos.s3.amazonaws.com", None);
        check("photos.s3-accelerate.amazonaws.com", None);
        check("photos.s3-website.eu-central-1.amazonaws.com", None);
        check("photos.s3-website-us-east-1.amazonaws.com", None);
        check("photos.s3-external-1.amazonaws.com", None);
        check("medical-imaging.us-east-1.amazonaws.com", None);
        check("abc.lambda-url.on.aws", None);
        check(".lambda-url.eu-west-1.on.aws", None);
        check("photos.s3.eu-central-1.amazonaws.com.example.org", None);
        check("photos.s3.eu-central-1xamazonaws.com", None);
        check("photos.s3.nowhere.amazonaws.com", None);
        check("photos.s3.e%-central-1.amazonaws.com", None);
        check("amazonaws.com", None);
        check(".amazonaws.com", None);
        check("", None);
    }
}
