import { readFileSync } from 'node:fs';

/** A parameter of a transform, as the registry describes it. */
interface Parameter {
  key: string;
  aliases: string[];
  value: { auto?: { accept: string; value: string }[] };
}

const REGISTRY = new URL('../../transforms/registry/params.json', import.meta.url);

/** Every parameter that a transform declares. */
export const PARAMETERS = JSON.parse(readFileSync(REGISTRY, 'utf8')) as Parameter[];

/** The parameters that a deployment allows. */
export class AllowedParameters {
  private readonly parameters: Parameter[];

  /**
   * @param keys long names; all if there are none
   * @param setting what the operator calls the list
   * @throws Error that names a key which no transform has.
   */
  constructor(keys: string[] | undefined, setting: string) {
    const known = PARAMETERS.map((parameter) => parameter.key);
    const unknown = keys?.find((key) => !known.includes(key));
    if (unknown !== undefined) {
      throw new Error(`${setting}: no transform has a parameter ${unknown}; there are ${known.join(', ')}`);
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

  /** Names of the parameters whose value may be `auto`: what comes then depends on `Accept`. */
  get autoNames(): string[] {
    const automatic = this.parameters.filter((parameter) => parameter.value.auto);
    return automatic.flatMap((parameter) => [parameter.key, ...parameter.aliases]);
  }

  /** The types that `auto` looks for in `Accept`. */
  get autoTypes(): string[] {
    return this.parameters.flatMap((parameter) => parameter.value.auto?.map((choice) => choice.accept) ?? []);
  }
}
