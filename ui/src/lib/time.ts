import type { Language } from "./bindings";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Whole seconds from `now` (ms) to `at` (RFC 3339), never below 0. */
export function secondsUntil(at: string, now: number): number {
  const left = Math.ceil((Date.parse(at) - now) / 1000);
  return Number.isFinite(left) ? Math.max(0, left) : 0;
}

/** ms until `span` tells less than now, or seconds: 7400 with 2 min 6.4 s left. At least a second, so that what has ended rests. */
export function untilShorter(at: string, now: number): number {
  const left = secondsUntil(at, now);
  const unit = left >= DAY ? DAY : left >= HOUR ? HOUR : MINUTE;
  const pause = Date.parse(at) - now - (Math.floor(left / unit) * unit - 1) * 1000;
  return Number.isFinite(pause) ? Math.max(1000, pause) : MINUTE * 1000;
}

/** `9:42` */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / MINUTE)}:${String(seconds % MINUTE).padStart(2, "0")}`;
}

/** One unit, rounded down: `38 min`, `6 days`; 38 分, 6 日. */
export function span(seconds: number, language: Language): string {
  const [count, en, ja] =
    seconds >= DAY
      ? [Math.floor(seconds / DAY), "day", "日"]
      : seconds >= HOUR
        ? [Math.floor(seconds / HOUR), "hour", "時間"]
        : seconds >= MINUTE
          ? [Math.floor(seconds / MINUTE), "min", "分"]
          : [seconds, "s", "秒"];
  if (language === "ja") return `${count} ${ja}`;
  return `${count} ${en}${(en === "day" || en === "hour") && count !== 1 ? "s" : ""}`;
}

/** How far a clock is off: `26 hours`, `38 s`; 26 時間. Days are said in hours. */
export function offBy(seconds: number, language: Language): string {
  const hours = Math.round(seconds / HOUR);
  if (hours < 24) return span(seconds, language);
  return language === "ja" ? `${hours} 時間` : `${hours} hours`;
}

/** `15:42`, in the machine's time zone. */
export function timeOfDay(at: string, language: Language): string {
  const time = new Date(at);
  const hours = String(time.getHours());
  return `${language === "ja" ? hours : hours.padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
}

/** `Mon 30 Nov, 09:12` · `11月30日 (月) 9:12`, in the machine's time zone. */
export function dayAndTime(at: string, language: Language): string {
  const time = new Date(at);
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language === "ja" ? "ja-JP" : "en-GB", options).format(time);
  const weekday = part({ weekday: "short" });
  return language === "ja"
    ? `${time.getMonth() + 1}月${time.getDate()}日 (${weekday}) ${timeOfDay(at, language)}`
    : `${weekday} ${time.getDate()} ${part({ month: "short" })}, ${timeOfDay(at, language)}`;
}

/** `23 Nov, 18:40` · `11月23日 18:40`, in the machine's time zone. */
export function dateAndTime(at: string, language: Language): string {
  return dayAndTime(at, language).replace(language === "ja" ? / \(.\)/ : /^\S+ /, "");
}

/** `today at 14:05` when it is today, else day and time. */
export function moment(at: string, now: number, language: Language): string {
  const same = new Date(at).toDateString() === new Date(now).toDateString();
  if (!same) return language === "ja" ? dayAndTime(at, language) : `on ${dayAndTime(at, language)}`;
  return language === "ja" ? `本日 ${timeOfDay(at, language)}` : `today at ${timeOfDay(at, language)}`;
}
