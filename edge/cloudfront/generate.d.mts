export declare const MAX_BYTES: number;

export declare function viewerFunction(settings?: {
  keys?: string[] | undefined;
  ignoreKeys?: string[];
  lenient?: boolean;
  signature?: { required: boolean; keys?: Record<string, string> };
}): string;
