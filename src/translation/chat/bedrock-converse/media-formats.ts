import type { MediaPart } from "../conversation.ts";

/** What Bedrock calls a media type, by the kind of block. The first name of a type is the one that is written. */
const FORMATS: {
  readonly [kind in MediaPart["kind"]]: readonly (readonly [format: string, type: string])[];
} = {
  image: [
    ["png", "image/png"],
    ["jpeg", "image/jpeg"],
    ["jpeg", "image/jpg"],
    ["gif", "image/gif"],
    ["webp", "image/webp"],
  ],
  audio: [
    ["mp3", "audio/mp3"],
    ["mp3", "audio/mpeg"],
    ["wav", "audio/wav"],
    ["wav", "audio/x-wav"],
    ["wav", "audio/wave"],
    ["aac", "audio/aac"],
    ["x-aac", "audio/x-aac"],
    ["flac", "audio/flac"],
    ["ogg", "audio/ogg"],
    ["opus", "audio/opus"],
    ["m4a", "audio/m4a"],
    ["m4a", "audio/mp4"],
    ["mp4", "audio/mp4"],
    ["mpeg", "audio/mpeg"],
    ["mpga", "audio/mpeg"],
    ["pcm", "audio/pcm"],
    ["pcm", "audio/l16"],
    ["webm", "audio/webm"],
    ["mka", "audio/x-matroska"],
    ["mkv", "audio/x-matroska"],
  ],
  video: [
    ["mp4", "video/mp4"],
    ["mov", "video/quicktime"],
    ["mkv", "video/x-matroska"],
    ["webm", "video/webm"],
    ["flv", "video/x-flv"],
    ["mpeg", "video/mpeg"],
    ["mpg", "video/mpeg"],
    ["wmv", "video/x-ms-wmv"],
    ["three_gp", "video/3gpp"],
  ],
  document: [
    ["pdf", "application/pdf"],
    ["txt", "text/plain"],
    ["md", "text/markdown"],
    ["html", "text/html"],
    ["csv", "text/csv"],
    ["doc", "application/msword"],
    ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    ["xls", "application/vnd.ms-excel"],
    ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ],
};

/** Undefined for a format that is not known. */
export function mediaTypeOf(kind: MediaPart["kind"], format: string): string | undefined {
  return FORMATS[kind].find(([name]) => name === format)?.[1];
}

/** Undefined for a media type that Bedrock does not take. */
export function formatOf(kind: MediaPart["kind"], mediaType: string): string | undefined {
  return FORMATS[kind].find(([, type]) => type === mediaType)?.[0];
}
