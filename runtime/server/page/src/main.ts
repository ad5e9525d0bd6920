// The page: choose an image, change parameters, see what comes out.

import { cropOf, type Point } from './crop.ts';
import { byId, bytes, el } from './dom.ts';
import { rows, type Info } from './metadata.ts';
import { groups, placeholderOf, urlOf, wordsOf, type Param } from './params.ts';
import { snippets } from './snippets.ts';

interface Picture {
  path: string;
  bytes: number;
}

const values = new Map<string, string>();
let params: Param[] = [];
let path = '';
/** The number of the last preview: older answers are dropped. */
let turn = 0;

const before = byId<HTMLImageElement>('before');
const after = byId<HTMLImageElement>('after');
const compare = byId('compare');

function say(text: string, isError = false): void {
  const status = byId('status');
  status.textContent = text;
  status.classList.toggle('error', isError);
}

function showPictures(pictures: Picture[]): void {
  const nav = byId('pictures');
  nav.replaceChildren(
    ...pictures.map((picture) => {
      const name = decodeURIComponent(picture.path.slice(1));
      const image = el('img', { alt: '', loading: 'lazy', src: `${picture.path}?width=250&height=166&fit=cover&format=webp` });
      const button = el('button', { type: 'button', title: `${name}, ${bytes(picture.bytes)}` }, image, el('span', {}, name));
      button.ariaPressed = 'false';
      button.addEventListener('click', () => open(picture.path));
      button.dataset.path = picture.path;
      return button;
    }),
  );
  if (pictures.length === 0) nav.append(el('p', {}, 'This source is not listed: type the path of an image, or drop a file.'));
}

function control(param: Param): HTMLElement {
  const words = wordsOf(param.value);
  const field =
    words === undefined
      ? el('input', { placeholder: placeholderOf(param.value), autocomplete: 'off' })
      : el('select', {}, el('option', { value: '' }, param.default ?? '–'), ...words.map((word) => el('option', { value: word }, word)));
  field.id = `param-${param.key}`;
  field.addEventListener('input', () => {
    values.set(param.key, field.value.trim());
    later();
  });
  return el('label', {}, param.key, field, el('small', {}, param.doc));
}

function showControls(): void {
  const open = new Set(['resize', 'format', 'crop']);
  byId('controls').replaceChildren(
    el('h2', {}, 'Parameters'),
    ...[...groups(params)].map(([transform, group]) => el('details', { open: open.has(transform) }, el('summary', {}, transform), ...group.map(control))),
    resetButton(),
  );
}

function resetButton(): HTMLElement {
  const button = el('button', { type: 'button' }, 'Reset all');
  button.addEventListener('click', () => {
    values.clear();
    byId('controls').querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select').forEach((field) => (field.value = ''));
    void update();
  });
  return button;
}

let timer = 0;
/** Updates the preview once typing pauses. */
function later(): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => void update(), 250);
}

async function open(next: string): Promise<void> {
  path = next;
  byId<HTMLInputElement>('path').value = decodeURIComponent(next);
  document.querySelectorAll<HTMLElement>('#pictures button').forEach((button) => (button.ariaPressed = String(button.dataset.path === next)));
  history.replaceState(null, '', `#${next}`);
  before.src = `${next}?format=auto&width=1600`;
  await Promise.all([update(), showMetadata(next)]);
}

interface Answer {
  response: Response;
  body: Blob;
  ms: number;
}

async function ask(url: string): Promise<Answer> {
  const start = performance.now();
  const response = await fetch(url, { cache: 'no-store' });
  const body = await response.blob();
  return { response, body, ms: performance.now() - start };
}

async function update(): Promise<void> {
  if (path === '') return;
  turn += 1;
  const [mine, url] = [turn, urlOf(path, params, values)];
  say('Loading…');
  const [original, result] = await Promise.all([ask(path), ask(url)]).catch(() => []);
  if (mine !== turn) return;
  if (original === undefined || result === undefined) return say('The server does not respond.', true);
  showSnippets(url);
  const type = result.response.headers.get('content-type') ?? '';
  const isImage = result.response.ok && type.startsWith('image/');
  compare.hidden = byId('splitter').hidden = byId('hint').hidden = !isImage;
  showFigures(original, result, type);
  if (!result.response.ok) {
    const problem = (await result.body.text()) || result.response.statusText;
    const detail = type.includes('json') ? (JSON.parse(problem) as { detail?: string }).detail : problem;
    return say(`${result.response.status}: ${detail ?? problem}`, true);
  }
  if (!isImage) return say(await result.body.text());
  URL.revokeObjectURL(after.src);
  after.src = URL.createObjectURL(result.body);
  await after.decode().catch(() => undefined);
  say(`${after.naturalWidth} × ${after.naturalHeight} pixels, ${bytes(result.body.size)}`);
}

function showFigures(original: Answer, result: Answer, type: string): void {
  const saved = original.body.size === 0 ? 0 : 100 - (100 * result.body.size) / original.body.size;
  const figures: [string, string][] = [
    ['Stripped original', bytes(original.body.size)],
    ['Result', `${bytes(result.body.size)} (${saved < 0 ? '+' : '−'}${Math.abs(saved).toFixed(0)} %)`],
    ['Type', type],
    ['Time', `${result.ms.toFixed(0)} ms`],
    ['Server-Timing', result.response.headers.get('server-timing') ?? '–'],
    ['Cache-Control', result.response.headers.get('cache-control') ?? '–'],
  ];
  byId('figures').replaceChildren(...figures.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

function showSnippets(url: string): void {
  byId('snippets').replaceChildren(
    ...snippets(location.origin, url).map(([title, code]) => {
      const copy = el('button', { type: 'button', ariaLabel: `Copy ${title}` }, 'Copy');
      copy.addEventListener('click', async () => {
        await navigator.clipboard.writeText(code);
        copy.textContent = 'Copied';
        window.setTimeout(() => (copy.textContent = 'Copy'), 1500);
      });
      const pre = el('pre', {}, code);
      // So that the keyboard can scroll it.
      pre.tabIndex = 0;
      return el('figure', {}, el('figcaption', {}, title, copy), pre);
    }),
  );
}

/** Shows the metadata of the original, and those of its stripped copy, which is sent back to the server to be read. */
async function showMetadata(of: string): Promise<void> {
  const target = byId('metadata');
  target.replaceChildren(el('p', {}, 'Loading…'));
  const original = await fetch(`${of}?info=full`);
  if (!original.ok) return target.replaceChildren(el('p', {}, 'The metadata cannot be read.'));
  const info = (await original.json()) as Info;
  const stripped = await fetch(of);
  const copy = stripped.ok ? await upload(await stripped.blob(), 'stripped') : undefined;
  const rest = copy === undefined ? undefined : ((await (await fetch(`${copy}?info=full`)).json()) as Info);
  if (of !== path) return;
  const file = Object.entries(info.file).map(([name, value]) => el('tr', {}, th(name), el('td', {}, String(value))));
  const lines = rows(info, rest).map((row) => {
    const now = row.after === '' ? 'removed' : row.after === row.before ? 'kept' : row.after;
    return el('tr', {}, th(row.name), el('td', {}, row.before), el('td', { className: row.after === '' ? 'gone' : '' }, now));
  });
  target.replaceChildren(
    table('The file', ['', 'Value'], file),
    lines.length === 0 ? el('p', {}, 'The original has no metadata.') : table('What a strip removes', ['', 'Original', 'Stripped'], lines),
  );
}

function th(text: string): HTMLElement {
  return el('th', { scope: 'row' }, text);
}

function table(caption: string, heads: string[], lines: HTMLElement[]): HTMLElement {
  const head = el('tr', {}, ...heads.map((head) => (head === '' ? el('td') : el('th', { scope: 'col' }, head))));
  return el('table', {}, el('caption', {}, caption), el('thead', {}, head), el('tbody', {}, ...lines));
}

/** Sends a file to the server, which keeps it until it stops. Returns its path. */
async function upload(file: Blob, name: string): Promise<string | undefined> {
  const response = await fetch(`/-/uploads?name=${encodeURIComponent(name)}`, { method: 'POST', body: file });
  return response.ok ? ((await response.json()) as { path: string }).path : undefined;
}

async function openFile(file: File | undefined): Promise<void> {
  if (file === undefined) return;
  const uploaded = await upload(file, file.name);
  if (uploaded === undefined) return say('The file is too large, or it cannot be stored.', true);
  await open(uploaded);
}

function listen(): void {
  byId('open').addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = byId<HTMLInputElement>('path').value.trim();
    if (typed !== '') void open(encodeURI(typed.startsWith('/') ? typed : `/${typed}`));
  });
  byId<HTMLInputElement>('file').addEventListener('change', (event) => void openFile((event.target as HTMLInputElement).files?.[0]));
  byId<HTMLInputElement>('split').addEventListener('input', (event) => {
    compare.style.setProperty('--split', `${100 - Number((event.target as HTMLInputElement).value)}%`);
  });
  addEventListener('dragover', (event) => {
    event.preventDefault();
    byId('drop').hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) byId('drop').hidden = true;
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    byId('drop').hidden = true;
    void openFile(event.dataTransfer?.files[0]);
  });
  listenForCrop();
}

/** Sets `crop` by a rectangle that is drawn on the preview. */
function listenForCrop(): void {
  const box = byId('box');
  let start: Point | undefined;
  const at = (event: PointerEvent): Point => {
    const { left, top } = compare.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  compare.addEventListener('pointerdown', (event) => {
    start = at(event);
    compare.setPointerCapture(event.pointerId);
  });
  compare.addEventListener('pointermove', (event) => {
    if (start === undefined) return;
    const end = at(event);
    box.hidden = false;
    Object.assign(box.style, {
      left: `${Math.min(start.x, end.x)}px`,
      top: `${Math.min(start.y, end.y)}px`,
      width: `${Math.abs(end.x - start.x)}px`,
      height: `${Math.abs(end.y - start.y)}px`,
    });
  });
  compare.addEventListener('pointerup', (event) => {
    const crop = start && cropOf(start, at(event), compare.getBoundingClientRect());
    start = undefined;
    box.hidden = true;
    if (crop === undefined) return;
    values.set('crop', crop);
    const field = document.getElementById('param-crop') as HTMLInputElement | null;
    if (field !== null) field.value = crop;
    void update();
  });
}

async function begin(): Promise<void> {
  listen();
  params = (await (await fetch('/-/params.json')).json()) as Param[];
  showControls();
  const pictures = (await (await fetch('/-/pictures.json')).json()) as Picture[];
  showPictures(pictures);
  const photo = pictures.find((picture) => picture.path.endsWith('.jpg')) ?? pictures[0];
  const first = location.hash.startsWith('#/') ? location.hash.slice(1) : photo?.path;
  if (first === undefined) say('Choose an image.');
  else await open(first);
}

void begin();
