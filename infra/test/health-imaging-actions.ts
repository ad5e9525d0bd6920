import { readFileSync } from 'node:fs';

interface Entry {
  action: string;
  resource: 'datastore' | 'imageset';
}

const FILE = new URL('../../runtime/service/src/health_imaging/actions.json', import.meta.url);
const ENTRIES = JSON.parse(readFileSync(FILE, 'utf8')) as Entry[];

const actions = (resource: Entry['resource']) => [
  ...new Set(ENTRIES.filter((entry) => entry.resource === resource).map(({ action }) => action)),
];

/** The actions of AWS HealthImaging that the function calls. A test of the service compares this file with its code. */
export const IMAGE_SET_ACTIONS = actions('imageset');
export const DICOMWEB_ACTIONS = actions('datastore');
