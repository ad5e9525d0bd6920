//! The service and the region that a request is signed for.

/// A service and its rules for signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Name in the signature's scope.
    pub name: &'static str,
    /// Number of times that the signed path is escaped.
    pub escapes: Escapes,
    /// Whether empty and dot segments are removed from the signed path (RFC 3986 section 5.2.4).
    pub normalizes_path: bool,
    /// Whether unsigned bodies are accepted over TLS.
    pub accepts_unsigned: bool,
    /// Whether requests contain the hash of their body in `x-amz-content-sha256`.
    pub sends_body_hash: bool,
}

/// The number of times that the signed path is escaped. The path in the request is always escaped once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// The path is signed as it is sent.
    Once,
    /// The sent path is escaped again before it is signed.
    Twice,
}

impl Service {
    /// Buckets, access points, and aliases of access points.
    pub const S3: Self = Self {
        name: "s3",
        escapes: Escapes::Once,
        normalizes_path: false,
        accepts_unsigned: true,
        sends_body_hash: true,
    };
    /// Object Lambda access points at their own domain, and `WriteGetObjectResponse`.
    pub const S3_OBJECT_LAMBDA: Self = Self { name: "s3-object-lambda", ..Self::S3 };
    /// Function URLs.
    pub const LAMBDA: Self = Self {
        name: "lambda",
        escapes: Escapes::Twice,
        normalizes_path: true,
        accepts_unsigned: false,
        sends_body_hash: true,
    };
    /// `HealthImaging`.
    pub const MEDICAL_IMAGING: Self = Self { name: "medical-imaging", ..Self::LAMBDA };
    /// Every service.
    pub const ALL: [Self; 4] = [Self::S3, Self::S3_OBJECT_LAMBDA, Self::LAMBDA, Self::MEDICAL_IMAGING];
}

/// The service and the region that a request is signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The service.
    pub service: Service,
    /// The region, such as `eu-central-1`.
    pub region: String,
}

impl Target {
    /// Returns the target of an origin's domain; `None` if the domain contains no known service or no region.
    ///
    /// An alias of an Object Lambda access point (`…--ol-s3.s3.{region}.amazonaws.com`) is signed like a
    /// bucket: the endpoint rules of the AWS SDKs define no other service name for it, and CloudFront requires
    /// an origin access control of type `s3`.
    pub fn of_domain(domain: &str) -> Option<Self> {
        let domain = domain.to_ascii_lowercase();
        let aws = domain.strip_suffix(".amazonaws.com").or_else(|| domain.strip_suffix(".amazonaws.com.cn"));
        let (service, region) = match aws {
            Some(rest) => from_aws_labels(&rest.split('.').collect::<Vec<_>>())?,
            None => match domain.strip_suffix(".on.aws")?.split('.').collect::<Vec<_>>()[..] {
                [id, "lambda-url", region] if !id.is_empty() => (Service::LAMBDA, region),
                _ => return None,
            },
        };
        is_region(region).then(|| Self { service, region: region.to_owned() })
    }
}

/// Returns the service and the region of the labels before `amazonaws.com`.
fn from_aws_labels<'a>(labels: &[&'a str]) -> Option<(Service, &'a str)> {
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
        // The oldest form (`s3-{region}`), which exists for some regions only.
        [.., last] => Some((Service::S3, last.strip_prefix("s3-")?)),
        [] => None,
    }
}

/// Returns whether `text` has the form of a region: `eu-central-1`, `us-gov-west-1`, `eusc-de-east-1`.
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
    fn domains_contain_service_and_region() {
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

        // Domains without a region, without signatures, or outside AWS.
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
