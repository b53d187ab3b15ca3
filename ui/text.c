// SPDX-License-Identifier: MIT
#include "text.h"

#include "drawing.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
  unsigned code; // Unicode's
  double width;
  const double* path;
} Glyph;

#include "lettering.h"

#define GLYPH_HEIGHT 13.0 // of capitals
#define GAP 4.0
#define SPACE 4.0
#define STROKE 2.4
#define LINE_SPACING 1.75
#define MISSING 0x25a1 // a box

enum { MAX_BYTES = 255, MAX_LINES = 4 };

// Returns the code of a UTF-8 character of at most three bytes, and moves *text past it.
static unsigned
next_code(const char** text)
{
  const unsigned char* byte = (const unsigned char*)*text;
  const unsigned n_bytes = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : 3;
  unsigned code = n_bytes == 1 ? byte[0] : n_bytes == 2 ? byte[0] & 0x1fU : byte[0] & 0x0fU;
  for (unsigned i = 1; i < n_bytes; ++i) {
    if (!byte[i]) {
      *text += i;
      return 0;
    }
    code = code << 6 | (byte[i] & 0x3fU);
  }
  *text += n_bytes;
  return code;
}

static const Glyph*
find_glyph(unsigned code)
{
  for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; ++i) {
    if (glyphs[i].code == code) {
      return &glyphs[i];
    }
  }
  return NULL;
}

// Returns what is drawn for a character; NULL for a space.
static const Glyph*
glyph_of(unsigned code)
{
  const Glyph* glyph = code == ' ' ? NULL : find_glyph(code);
  return glyph || code == ' ' ? glyph : find_glyph(MISSING);
}

double
text_width(const char* text, double height)
{
  double width = -GAP;
  while (*text) {
    const Glyph* glyph = glyph_of(next_code(&text));
    width += (glyph ? glyph->width : SPACE) + GAP;
  }
  return width < 0.0 ? 0.0 : width * height / GLYPH_HEIGHT;
}

size_t
text_fitting(const char* text, double height, double max_width)
{
  const char* at = text;
  double width = -GAP;
  while (*at) {
    const char* next = at;
    const Glyph* glyph = glyph_of(next_code(&next));
    width += (glyph ? glyph->width : SPACE) + GAP;
    if (width * height / GLYPH_HEIGHT > max_width) {
      break;
    }
    at = next;
  }
  return (size_t)(at - text);
}

void
text_draw(cairo_t* cairo, const char* text, double x, double y, double height, double max_width)
{
  const double wanted = text_width(text, height);
  const double width = wanted > max_width ? max_width : wanted;
  const double scale = height / GLYPH_HEIGHT * (wanted > max_width ? max_width / wanted : 1.0);
  cairo_save(cairo);
  cairo_translate(cairo, x - 0.5 * width, y - 0.5 * scale * GLYPH_HEIGHT);
  cairo_scale(cairo, scale, scale);
  cairo_new_path(cairo);
  while (*text) {
    const Glyph* glyph = glyph_of(next_code(&text));
    if (glyph) {
      drawing_add_path(cairo, glyph->path);
    }
    cairo_translate(cairo, (glyph ? glyph->width : SPACE) + GAP, 0.0);
  }
  cairo_set_line_width(cairo, STROKE);
  cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
  cairo_stroke(cairo);
  cairo_restore(cairo);
}

// Copies n bytes of a text and cuts them, with dots at the end, to max_width. More text follows
// where it must have the dots in any case.
static void
copy_line(char line[MAX_BYTES + 4], const char* text, size_t n, double height, double max_width,
          bool has_more)
{
  n = n > MAX_BYTES ? MAX_BYTES : n;
  memcpy(line, text, n);
  line[n] = '\0';
  if (has_more || text_width(line, height) > max_width) {
    const size_t n_kept = text_fitting(line, height, max_width - text_width("....", height));
    memcpy(line + n_kept, "...", 4);
  }
}

// Returns the bytes of a text's first line, without the break or space at which it ends.
static size_t
line_length(const char* text, double height, double max_width)
{
  const size_t n_fitting = text_fitting(text, height, max_width);
  const size_t n = strcspn(text, "\n");
  if (n <= n_fitting) {
    return n;
  }
  for (size_t i = n_fitting; i > 0; --i) {
    if (text[i] == ' ') {
      return i;
    }
  }
  return n_fitting;
}

void
text_draw_lines(cairo_t* cairo, const char* text, double x, double y, double height,
                double max_width, int max_lines)
{
  const char* starts[MAX_LINES + 1] = {text};
  size_t lengths[MAX_LINES];
  int n = 0;
  while (n < max_lines && n < MAX_LINES && *starts[n]) {
    lengths[n] = line_length(starts[n], height, max_width);
    const char* end = starts[n] + lengths[n];
    starts[++n] = end + (*end == '\n' || *end == ' ');
  }
  for (int i = 0; i < n; ++i) {
    char line[MAX_BYTES + 4];
    copy_line(line, starts[i], lengths[i], height, max_width, i + 1 == n && *starts[n]);
    text_draw(cairo, line, x, y + LINE_SPACING * height * (i - 0.5 * (n - 1)), height, max_width);
  }
}

void
text_draw_left(cairo_t* cairo, const char* text, double x, double y, double height,
               double max_width)
{
  char line[MAX_BYTES + 4];
  copy_line(line, text, strlen(text), height, max_width, false);
  text_draw(cairo, line, x + 0.5 * text_width(line, height), y, height, max_width);
}
