// A rectangle that is drawn on the preview, as a value of `crop`.

export interface Point {
  x: number;
  y: number;
}

/**
 * The rectangle of two corners as fractions of the image, which has its sides in `size`; undefined if it is too small to
 * be meant.
 */
export function cropOf(one: Point, two: Point, size: { width: number; height: number }): string | undefined {
  const clamp = (value: number, side: number) => Math.min(1, Math.max(0, value / side));
  const left = clamp(Math.min(one.x, two.x), size.width);
  const right = clamp(Math.max(one.x, two.x), size.width);
  const top = clamp(Math.min(one.y, two.y), size.height);
  const bottom = clamp(Math.max(one.y, two.y), size.height);
  if (right - left < 0.02 || bottom - top < 0.02) return undefined;
  return [left, top, right - left, bottom - top].map((part) => Math.min(1, part).toFixed(3)).join(',');
}
