export declare function sign(
  path: string,
  query: string,
  keyId: string,
  secret: string,
  expires?: number,
): string;
