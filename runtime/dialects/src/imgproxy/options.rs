//! Processing options, in the order and with the defaults of imgproxy.

use super::{
    arguments::{Arguments, Invalid},
    format::{self, Quality},
    gravity::Gravity,
};
use crate::imgproxy::Presets;
use safelight_core::Format;

/// The ways to fit a picture into a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Resizing {
    #[default]
    Fit,
    Fill,
    FillDown,
    Force,
    Auto,
}

impl Resizing {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "fit" => Self::Fit,
            "fill" => Self::Fill,
            "fill-down" => Self::FillDown,
            "force" => Self::Force,
            "auto" => Self::Auto,
            _ => return None,
        })
    }
}

/// Whether the picture is extended to its box, and where it is then.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Extend {
    pub(super) is_on: bool,
    pub(super) gravity: Gravity,
}

/// The part of a picture that is kept before all else.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Crop {
    /// Below 1 a share, else pixels; 0 for all.
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) gravity: Option<Gravity>,
}

/// The search for a border of one colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trim {
    pub(super) threshold: f64,
    pub(super) colour: Option<[u8; 3]>,
    pub(super) is_symmetric: (bool, bool),
}

/// A watermark: its place, its size and its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Watermark {
    /// From 0 to 1.
    pub(super) opacity: f64,
    /// As in [`Gravity::side`]; `None` for tiles.
    pub(super) side: Option<(i8, i8)>,
    /// Below 1 shares, else pixels: distances from the sides, or gaps.
    pub(super) x: f64,
    pub(super) y: f64,
    /// The part of the picture into which it fits; 0 for its own size.
    pub(super) scale: f64,
}

/// The options of a URL.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the URL")]
pub(crate) struct Options {
    pub(super) resizing: Resizing,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) min_width: u32,
    pub(super) min_height: u32,
    pub(super) zoom: (f64, f64),
    pub(super) dpr: f64,
    pub(super) enlarge: bool,
    pub(super) extend: Extend,
    pub(super) extend_to_ratio: Extend,
    pub(super) gravity: Gravity,
    pub(super) crop: Crop,
    pub(super) trim: Option<Trim>,
    /// Top, right, bottom, left.
    pub(super) padding: [u32; 4],
    pub(super) auto_rotate: bool,
    /// Clockwise quarters.
    pub(super) rotate: i64,
    pub(super) flip: (bool, bool),
    pub(super) background: Option<[u8; 3]>,
    pub(super) blur: f64,
    pub(super) sharpen: f64,
    pub(super) pixelate: u32,
    /// Has no effect unless the operator names a picture.
    pub(super) watermark: Option<Watermark>,
    pub(super) strip_metadata: bool,
    pub(super) quality: Quality,
    pub(super) max_bytes: u32,
    pub(super) format: Option<Format>,
    pub(super) skip: Vec<Format>,
    pub(super) is_raw: bool,
    pub(super) expires: u64,
    pub(super) file_name: Option<String>,
    pub(super) is_attachment: bool,
    /// Presets that were applied, and are not again.
    used: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            resizing: Resizing::default(),
            width: 0,
            height: 0,
            min_width: 0,
            min_height: 0,
            zoom: (1.0, 1.0),
            dpr: 1.0,
            enlarge: false,
            extend: Extend::default(),
            extend_to_ratio: Extend::default(),
            gravity: Gravity::default(),
            crop: Crop::default(),
            trim: None,
            padding: [0; 4],
            auto_rotate: true,
            rotate: 0,
            flip: (false, false),
            background: None,
            blur: 0.0,
            sharpen: 0.0,
            pixelate: 0,
            watermark: None,
            strip_metadata: true,
            quality: Quality::default(),
            max_bytes: 0,
            format: None,
            skip: Vec::new(),
            is_raw: false,
            expires: 0,
            file_name: None,
            is_attachment: false,
            used: Vec::new(),
        }
    }
}

/// Names of options that have a translation, in the order of the documentation. Aliases follow the first name.
pub(super) const NAMES: &[&[&str]] = &[
    &["resize", "rs"],
    &["size", "s"],
    &["resizing_type", "rt"],
    &["width", "w"],
    &["height", "h"],
    &["min-width", "mw"],
    &["min-height", "mh"],
    &["zoom", "z"],
    &["dpr"],
    &["enlarge", "el"],
    &["extend", "ex"],
    &["extend_aspect_ratio", "extend_ar", "exar"],
    &["gravity", "g"],
    &["crop", "c"],
    &["trim", "t"],
    &["padding", "pd"],
    &["auto_rotate", "ar"],
    &["rotate", "rot"],
    &["flip", "fl"],
    &["background", "bg"],
    &["blur", "bl"],
    &["sharpen", "sh"],
    &["pixelate", "pix"],
    &["watermark", "wm"],
    &["strip_metadata", "sm"],
    &["keep_copyright", "kcr"],
    &["strip_color_profile", "scp"],
    &["preserve_hdr", "ph"],
    &["enforce_thumbnail", "eth"],
    &["quality", "q"],
    &["format_quality", "fq"],
    &["max_bytes", "mb"],
    &["format", "f", "ext"],
    &["skip_processing", "skp"],
    &["raw"],
    &["cachebuster", "cb"],
    &["expires", "exp"],
    &["filename", "fn"],
    &["return_attachment", "att"],
    &["preset", "pr"],
    &["max_src_resolution", "msr"],
    &["max_src_file_size", "msfs"],
    &["max_animation_frames", "maf"],
    &["max_animation_frame_resolution", "mafr"],
    &["max_result_dimension", "mrd"],
];

/// Options of imgproxy Pro, which have no translation. Aliases follow the first name.
pub(super) const PRO: &[&[&str]] = &[
    &["resizing_algorithm", "ra"],
    &["crop_aspect_ratio", "crop_ar", "car"],
    &["objects_position", "obj_pos", "op"],
    &["background_alpha", "bga"],
    &["adjust", "a"],
    &["brightness", "br"],
    &["contrast", "co"],
    &["saturation", "sa"],
    &["monochrome", "mc"],
    &["duotone", "dt"],
    &["unsharp_masking", "ush"],
    &["blur_areas", "ba"],
    &["blur_detections", "bd"],
    &["draw_detections", "dd"],
    &["colorize", "col"],
    &["gradient", "gr"],
    &["watermark_url", "wmu"],
    &["watermark_text", "wmt"],
    &["watermark_size", "wms"],
    &["watermark_rotate", "wm_rot", "wmr"],
    &["watermark_shadow", "wmsh"],
    &["style", "st"],
    &["dpi"],
    &["color_profile", "cp", "icc"],
    &["autoquality", "aq"],
    &["jpeg_options", "jpgo"],
    &["png_options", "pngo"],
    &["webp_options", "webpo"],
    &["avif_options", "avifo"],
    &["gif_options", "gifo"],
    &["page", "pg"],
    &["pages", "pgs"],
    &["disable_animation", "da"],
    &["video_thumbnail_second", "vts"],
    &["video_thumbnail_keyframes", "vtk"],
    &["video_thumbnail_tile", "vtt"],
    &["video_thumbnail_animation", "vta"],
    &["fallback_image_url", "fiu"],
    &["hashsum", "hs"],
];

/// Options that a URL may not set, because the operator's limits apply.
const LIMITS: [&str; 5] = [
    "max_src_resolution",
    "max_src_file_size",
    "max_animation_frames",
    "max_animation_frame_resolution",
    "max_result_dimension",
];

impl Options {
    /// Applies an option: its name, and its arguments, all between colons.
    ///
    /// # Errors
    /// [`Invalid`].
    pub(super) fn apply(&mut self, option: &str, presets: &Presets) -> Result<(), Invalid> {
        let mut parts = option.split(':');
        let name = parts.next().unwrap_or_default();
        let arguments = Arguments::new(parts.collect());
        let find = |all: &'static [&'static [&'static str]]| all.iter().find(|names| names.contains(&name));
        if let Some(names) = find(PRO) {
            return Err(Invalid::Pro(names[0]));
        }
        let known = find(NAMES).ok_or(Invalid::Option)?;
        match known[0] {
            "resize" => {
                arguments.at_most(8)?;
                if let Some(word) = arguments.given(0) {
                    self.resizing = Resizing::parse(word).ok_or(Invalid::Option)?;
                }
                self.size(&arguments.from(1))?;
            }
            "size" => self.size(arguments.at_most(7)?)?,
            "resizing_type" => self.resizing = Resizing::parse(arguments.only()?).ok_or(Invalid::Option)?,
            "width" => self.width = arguments.only_whole()?,
            "height" => self.height = arguments.only_whole()?,
            "min-width" => self.min_width = arguments.only_whole()?,
            "min-height" => self.min_height = arguments.only_whole()?,
            "zoom" => {
                let x = arguments.at_most(2)?.number(0)?;
                let y = if arguments.len() == 2 { arguments.number(1)? } else { x };
                self.zoom = (x, y);
                Invalid::unless(0.0 < x && 0.0 < y)?;
            }
            "dpr" => {
                self.dpr = arguments.at_most(1)?.number(0)?;
                Invalid::unless(0.0 < self.dpr)?;
            }
            "enlarge" => self.enlarge = arguments.only_flag()?,
            "extend" => self.extend.apply(&arguments)?,
            "extend_aspect_ratio" => self.extend_to_ratio.apply(&arguments)?,
            "gravity" => self.gravity.apply(&arguments)?,
            "crop" => self.crop(&arguments)?,
            "trim" => self.trim(arguments.at_most(4)?)?,
            "padding" => self.padding(arguments.at_most(4)?)?,
            "auto_rotate" => self.auto_rotate = arguments.only_flag()?,
            "rotate" => {
                let degrees = arguments.at_most(1)?.integer(0)?;
                Invalid::unless(0 <= degrees && degrees % 90 == 0)?;
                self.rotate = degrees / 90;
            }
            "flip" => {
                self.flip = (arguments.at_most(2)?.flag(0), 1 < arguments.len() && arguments.flag(1));
            }
            "background" => self.background = arguments.colour()?,
            "blur" => self.blur = arguments.at_most(1)?.positive(0)?,
            "sharpen" => self.sharpen = arguments.at_most(1)?.positive(0)?,
            "pixelate" => self.pixelate = arguments.only_whole()?,
            "watermark" => self.watermark = Some(Watermark::parse(&arguments)?),
            "strip_metadata" => self.strip_metadata = arguments.only_flag()?,
            "keep_copyright" | "strip_color_profile" | "preserve_hdr" | "enforce_thumbnail" => {
                // Metadata is never kept, profiles always where they matter.
                arguments.only_flag()?;
            }
            "quality" => self.quality.apply(&arguments)?,
            "format_quality" => self.quality.apply_formats(&arguments)?,
            "max_bytes" => self.max_bytes = arguments.only_whole()?,
            "format" => self.format = Some(format::parse(arguments.only()?).ok_or(Invalid::Option)?),
            "skip_processing" => {
                for word in arguments.all() {
                    self.skip.push(format::parse(word).ok_or(Invalid::Option)?);
                }
            }
            "raw" => self.is_raw = arguments.only_flag()?,
            "cachebuster" => {
                arguments.only()?;
            }
            "expires" => self.expires = arguments.at_most(1)?.integer(0)?.try_into().unwrap_or(0),
            "filename" => self.file_name(&arguments)?,
            "return_attachment" => self.is_attachment = arguments.only_flag()?,
            "preset" => self.preset(&arguments, presets)?,
            name if LIMITS.contains(&name) => return Err(Invalid::Limit),
            _ => return Err(Invalid::Option),
        }
        Ok(())
    }

    /// Applies the arguments of `size`.
    fn size(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        if arguments.given(0).is_some() {
            self.width = arguments.whole(0)?;
        }
        if arguments.given(1).is_some() {
            self.height = arguments.whole(1)?;
        }
        if arguments.given(2).is_some() {
            self.enlarge = arguments.flag(2);
        }
        if arguments.given(3).is_some() {
            self.extend.apply(&arguments.from(3))?;
        }
        Ok(())
    }

    fn crop(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        self.crop.width = arguments.at_most(5)?.positive(0)?;
        if 1 < arguments.len() {
            self.crop.height = arguments.positive(1)?;
        }
        if 2 < arguments.len() {
            let mut gravity = self.crop.gravity.unwrap_or_default();
            gravity.apply(&arguments.from(2))?;
            self.crop.gravity = Some(gravity);
        }
        Ok(())
    }

    fn trim(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        if arguments.given(0).is_none() {
            self.trim = None;
            return Ok(());
        }
        let colour = arguments.given(1).map(|text| format::hex_colour(text).ok_or(Invalid::Option));
        self.trim = Some(Trim {
            threshold: arguments.positive(0)?,
            colour: colour.transpose()?,
            is_symmetric: (
                2 < arguments.len() && arguments.flag(2),
                3 < arguments.len() && arguments.flag(3),
            ),
        });
        Ok(())
    }

    fn padding(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        if arguments.given(0).is_some() {
            self.padding[0] = arguments.whole(0)?;
        }
        // Each side that is not given is that on the other side, or the top.
        self.padding = [self.padding[0]; 4];
        if arguments.given(1).is_some() {
            self.padding[1] = arguments.whole(1)?;
            self.padding[3] = self.padding[1];
        }
        for side in 2..4 {
            if arguments.given(side).is_some() {
                self.padding[side] = arguments.whole(side)?;
            }
        }
        Ok(())
    }

    fn file_name(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        let name = arguments.at_most(2)?.first()?;
        let is_encoded = 1 < arguments.len() && arguments.flag(1);
        let name = if is_encoded {
            let bytes = super::url::from_base64(name).ok_or(Invalid::Option)?;
            String::from_utf8(bytes).map_err(|_| Invalid::Option)?
        } else {
            name.to_owned()
        };
        self.file_name = Some(name);
        Ok(())
    }

    fn preset(&mut self, arguments: &Arguments<'_>, presets: &Presets) -> Result<(), Invalid> {
        for name in arguments.all() {
            let preset = presets.get(*name).ok_or(Invalid::Option)?;
            // A preset that names itself would never end.
            if self.used.iter().any(|used| used == name) {
                continue;
            }
            self.used.push((*name).to_owned());
            self.apply_preset(preset, presets)?;
        }
        Ok(())
    }

    /// Applies the options of a preset, between slashes.
    ///
    /// # Errors
    /// [`Invalid`].
    pub(super) fn apply_preset(&mut self, preset: &str, presets: &Presets) -> Result<(), Invalid> {
        preset
            .split('/')
            .filter(|option| !option.is_empty())
            .try_for_each(|option| self.apply(option, presets))
    }
}

impl Extend {
    fn apply(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        self.is_on = arguments.at_most(4)?.flag(0);
        if arguments.given(1).is_some() {
            self.gravity.apply(&arguments.from(1))?;
            Invalid::unless(!self.gravity.is_smart())?;
        }
        Ok(())
    }
}

impl Watermark {
    fn parse(arguments: &Arguments<'_>) -> Result<Self, Invalid> {
        let opacity = arguments.at_most(5)?.number(0)?;
        Invalid::unless((0.0..=1.0).contains(&opacity))?;
        let side = match arguments.given(1) {
            Some("re") => None,
            Some(position) => Some(Gravity::side(position).ok_or(Invalid::Option)?),
            None => Some((0, 0)),
        };
        let number = |index| arguments.given(index).map_or(Ok(0.0), |_| arguments.number(index));
        let scale = arguments.given(4).map_or(Ok(0.0), |_| arguments.positive(4))?;
        Ok(Self { opacity, side, x: number(2)?, y: number(3)?, scale })
    }
}
