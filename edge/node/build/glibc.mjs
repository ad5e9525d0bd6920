/**
 * The newest version of the GNU C library whose symbols a shared object asks for.
 *
 * Versions stand as text of their own in the table of strings (Linux Standard Base, "Symbol Versioning"); a
 * version that only looks like one would be refused for nothing, never taken.
 *
 * @param {Buffer} bytes A shared object.
 * @returns {[number, number]} Major and minor; `[0, 0]` if it asks for none.
 */
export function newestGlibc(bytes) {
  const versions = [...bytes.toString('latin1').matchAll(/\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)/g)];
  const compare = ([a, b], [c, d]) => a - c || b - d;
  return (
    versions
      .map(([, major, minor]) => [Number(major), Number(minor)])
      .sort(compare)
      .at(-1) ?? [0, 0]
  );
}
