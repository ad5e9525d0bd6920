import { readFileSync } from 'node:fs';

/** An entry of the registry's `params.json`. */
interface Parameter {
  key: string;
  aliases: string[];
}

const REGISTRY = new URL('../../transforms/registry/params.json', import.meta.url);

/** The parameters of all transforms. */
export const PARAMETERS = JSON.parse(readFileSync(REGISTRY, 'utf8')) as Parameter[];

/** The parameters that a deployment allows. */
export class AllowedParameters {
  private readonly parameters: Parameter[];

  /**
   * @param keys long names of the allowed parameters; all if undefined
   * @param setting key of the list in the configuration, for the error message
   * @throws Error for an unknown key.
   */
  constructor(keys: string[] | undefined, setting: string) {
    const known = PARAMETERS.map((parameter) => parameter.key);
    const unknown = keys?.find((key) => !known.includes(key));
    if (unknown !== undefined) {
      throw new Error(`${setting}: unknown parameter ${unknown}: expected ${known.join(', ')}`);
    }
    this.parameters = PARAMETERS.filter((parameter) => keys?.includes(parameter.key) ?? true);
  }

  /** The long names. */
  get keys(): string[] {
    return this.parameters.map((parameter) => parameter.key);
  }

  /** The long names and the short ones. */
  get names(): string[] {
    return this.parameters.flatMap((parameter) => [parameter.key, ...parameter.aliases]);
  }
}
