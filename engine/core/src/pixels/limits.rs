//! The limits on a plan, checked before anything is decoded. Messages name the setting of the operator.

use crate::{Cost, Error, Kind, Limits, Result, Size};

/// Checks the size of the output, for a source of the size `source`.
///
/// # Errors
/// [`Kind::LimitExceeded`].
pub(super) fn check_output(output: Size, source: Size, limits: &Limits) -> Result<()> {
    let Size { w, h } = output;
    let side = limits.max_output_side;
    if side < w.max(h) {
        let message =
            format!("output of {w} × {h} pixels is too large: the limit is {side} a side (max-output-side)");
        return Err(exceeded(message));
    }
    let pixels = limits.max_output_pixels;
    if pixels < output.pixels() {
        let message = format!(
            "output of {w} × {h} pixels is too large: the limit is {pixels} in total (max-output-pixels)"
        );
        return Err(exceeded(message));
    }
    let factor = limits.max_enlargement;
    let enlarged = source.pixels().saturating_mul(factor.into());
    if enlarged.max(Limits::FREE_ENLARGEMENT_PIXELS) < output.pixels() {
        let message = format!(
            "output of {w} × {h} pixels is too large for a source of {} × {}: above {} million pixels, the limit is \
             {factor} times the source's pixels (max-enlargement)",
            source.w,
            source.h,
            Limits::FREE_ENLARGEMENT_PIXELS / 1_000_000
        );
        return Err(exceeded(message));
    }
    Ok(())
}

/// Checks the size at which a drawing is drawn. The sizes of other sources are checked by their decoders.
///
/// # Errors
/// [`Kind::LimitExceeded`].
pub(super) fn check_drawing(size: Size, limits: &Limits) -> Result<()> {
    /// Steps take memory for each column and row.
    const MAX_SIDE: u32 = 65_535;
    let (Size { w, h }, max) = (size, limits.max_pixels);
    if size.pixels() <= max && w.max(h) <= MAX_SIDE {
        return Ok(());
    }
    let message = format!(
        "the drawing takes {w} × {h} pixels for this output: the limit is {max} in total (max-pixels), and {MAX_SIDE} a \
         side"
    );
    Err(exceeded(message))
}

/// Checks the CPU time of a plan.
///
/// # Errors
/// [`Kind::LimitExceeded`].
pub(super) fn check_work(cost: Cost, limits: &Limits) -> Result<()> {
    let ms = cost.cpu_ns / 1_000_000;
    if ms <= limits.max_work_ms {
        return Ok(());
    }
    let message = format!(
        "the transform takes about {ms} ms of CPU time; the limit is {} ms (max-work): choose a smaller size or another \
         format",
        limits.max_work_ms
    );
    Err(exceeded(message))
}

/// Checks the size of an output that depends on content against what was reserved for it.
///
/// # Errors
/// [`Kind::LimitExceeded`].
pub(super) fn check_reserved(output: Size, max: u64) -> Result<()> {
    if output.pixels() <= max {
        return Ok(());
    }
    let Size { w, h } = output;
    Err(exceeded(format!(
        "without its margins, the image becomes {w} × {h} pixels, which is more than the {max} that were reserved: give \
         both width and height"
    )))
}

fn exceeded(message: String) -> Error {
    Error::new(Kind::LimitExceeded, "pixels", message)
}
