/** The kind of a box or group, which determines its colour. */
export type Kind = 'viewer' | 'edge' | 'function' | 'aws' | 'plain';

export interface Point {
  x: number;
  y: number;
}

const COLOURS: Record<Kind, { fill: string; line: string }> = {
  viewer: { fill: '#eef2f7', line: '#64748b' },
  edge: { fill: '#eef4ff', line: '#3b6fd4' },
  function: { fill: '#fff0ee', line: '#c0392b' },
  aws: { fill: '#f1f8f2', line: '#3f8f56' },
  plain: { fill: '#ffffff', line: '#7b8798' },
};

const TEXT = '#1f2937';
const FAINT = '#5b6675';
const LINE = '#475569';
const FONT = "font-family=\"'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif\"";

/** An SVG drawing of boxes and arrows. Later elements are drawn over earlier ones. */
export class Drawing {
  private readonly parts: string[] = [];

  constructor(width: number, height: number, title: string, description: string) {
    this.parts.push(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description" ${FONT}>`,
      `<title id="title">${escaped(title)}</title>`,
      `<desc id="description">${escaped(description)}</desc>`,
      `<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="${LINE}"/></marker></defs>`,
      // An opaque background keeps the drawing readable on dark pages.
      `<rect width="${width}" height="${height}" rx="14" fill="#ffffff"/>`,
    );
    this.text({ x: 28, y: 40 }, title, { size: 20, weight: 700 });
  }

  /** Adds a dashed frame around other elements, with its name at the top left and a note at the top right. */
  group(x: number, y: number, width: number, height: number, name: string, kind: Kind, note = ''): void {
    const { fill, line } = COLOURS[kind];
    this.parts.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="12" fill="${fill}" fill-opacity="0.55" stroke="${line}" stroke-dasharray="5 4"/>`,
    );
    this.text({ x: x + 14, y: y + 23 }, name, { size: 13, weight: 700, colour: line });
    if (note) this.text({ x: x + width - 14, y: y + 23 }, note, { size: 12, colour: FAINT, anchor: 'end' });
  }

  /** Adds a box with a name and lines of description. */
  box(x: number, y: number, width: number, height: number, name: string, lines: string[], kind: Kind): void {
    const { fill, line } = COLOURS[kind];
    this.parts.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${fill}" stroke="${line}" stroke-width="1.5"/>`,
    );
    const top = y + height / 2 - (lines.length * 16) / 2 + 4;
    const middle = x + width / 2;
    this.text({ x: middle, y: top }, name, { size: 13.5, weight: 700, anchor: 'middle' });
    for (const [index, text] of lines.entries()) {
      this.text({ x: middle, y: top + 18 + index * 16 }, text, { size: 12, colour: FAINT, anchor: 'middle' });
    }
  }

  /** Adds an arrow through `points`, with an optional label. */
  arrow(points: Point[], label?: { text: string; at: Point }, isDashed = false): void {
    const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
    const dash = isDashed ? ' stroke-dasharray="6 4"' : '';
    this.parts.push(
      `<path d="${path}" fill="none" stroke="${LINE}" stroke-width="1.6" stroke-linejoin="round"${dash} marker-end="url(#head)"/>`,
    );
    if (label) this.text(label.at, label.text, { size: 11.5, colour: FAINT, anchor: 'middle' });
  }

  text(
    { x, y }: Point,
    text: string,
    { size = 12, weight = 400, colour = TEXT, anchor = 'start' }: TextStyle = {},
  ): void {
    this.parts.push(
      `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}">${escaped(text)}</text>`,
    );
  }

  toString(): string {
    return `${[...this.parts, '</svg>'].join('\n')}\n`;
  }
}

export interface TextStyle {
  size?: number;
  weight?: number;
  colour?: string;
  anchor?: 'start' | 'middle' | 'end';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
