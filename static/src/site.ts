/** Loaded by every page: the site's look and htmx. */
import "./site.css";
import htmx from "htmx.org";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
