/**
 * Returns the newest version of the GNU C library that a shared object requires.
 *
 * Versions are separate entries of the string table (Linux Standard Base, "Symbol Versioning"). Other text that
 * looks like a version can only make the result too new: a false rejection, never a false acceptance.
 *
 * @param {Buffer} bytes A shared object.
 * @returns {[number, number]} Major and minor version; `[0, 0]` if it requires none.
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
