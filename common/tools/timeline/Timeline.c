/*
 * Timeline: draws what a server did, call by call, as an SVG picture.
 *
 *     timeline.exe TRACE.json OUT.svg [TITLE]
 *
 * TRACE.json is what an instrumented program writes when it runs with INSTRUMENT=trace=TRACE.json.
 * The picture has a lane for each thread, and above them one for each client that record.exe has
 * added. Light boxes are calls that wait, dark ones calls that do not, grey ones completion
 * routines, which run inside a wait, and dashed ones stand for calls that repeat those before them.
 * Arrows go from the call that began an operation to the one that took its completion. A browser
 * that shows the picture alone tells place and result of the call under the pointer. It has no
 * times: those of one run are in its trace. Without TITLE it is headed with the name of the program.
 *
 * Exit code 0: OUT.svg is written. 1: it is not, and a sentence has said why. 2: the command line
 * is wrong.
 */
#include "TimelineLayout.h"

#include <winsock2.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE    2
#define PATH_SIZE     1024
#define TITLE_SIZE    256
#define HEADER_HEIGHT 84
#define LEAST_WIDTH   680 /* of the page; the legend needs so much, */
#define ARROWS_WIDTH  800 /* and this if it explains arrows */
#define BOX_LINE      10  /* from one line of text in a box to the next */
#define INSET         5   /* a box inside another is so much lower and higher */
#define CORNER        3
#define SESSION_TINTS 6 /* colours for sessions; after that they are used again */
#define TINT_OTHER    0
#define TINT_LISTENER 7
#define LEGEND_CHAR   55 /* the room for a character, in tenths of a pixel */

/* White text is readable on each of them, also when they are printed in grey; the marks tell the
   sessions apart then. 1 to 6 are for sessions, in turn. */
static const char *const tints[] = {"#4d4d4d", "#1d4f91", "#8a3b12", "#2b6a30",
                                    "#6b2a7a", "#0d6370", "#8c1f45", "#2e2e2e"};

/* Texts: t title, n thread, r remark, l slanted label, i in a light box, v in a dark one, e a
   result, m the mark of a socket, d a dark one. Shapes: w wait, o its outline, f that of a fold, b
   completion routine, a arrow, h the rim that sets it off from what is below, k circle. c0 to c7
   and a0 to a7 are the tints, of areas and of lines. */
static const char style[] =
    "text{font-family:Arial,Helvetica,sans-serif;font-size:10px;fill:#222}\n"
    ".t{font-size:15px;font-weight:bold}\n"
    ".n{font-size:11px;font-weight:bold}\n"
    ".r{fill:#555}\n"
    ".l,.i{font-family:Consolas,'DejaVu Sans Mono',Menlo,monospace;stroke:#fff;stroke-width:3px;"
    "stroke-linejoin:round;paint-order:stroke}\n"
    ".i{font-size:9px;stroke:#edf1f6;stroke-width:2px}\n"
    ".e{fill:#5a5a5a}\n"
    ".v{fill:#fff;stroke:none}\n"
    ".m{font-size:9px;font-weight:bold;text-anchor:middle;fill:#fff}\n"
    ".d{fill:#222}\n"
    ".o{fill:none;stroke:#8793a3}\n"
    ".w{fill:#edf1f6}\n"
    ".f{stroke:#222;stroke-dasharray:4 2}\n"
    ".b{fill:#b9c3cf;stroke:#444}\n"
    ".h{fill:none;stroke:#fff;stroke-width:3.6px}\n"
    ".a{fill:none;stroke-width:1.4px}\n"
    ".k{fill:#fff}\n";

static Trace trace;
static Layout layout;

/* --- Texts ----------------------------------------------------------------------------------- */

/* Writes the first `length` bytes of the text as XML. */
static void PutText(FILE *file, const char *text, int length)
{
    for (int i = 0; i < length && text[i] != '\0'; i++) {
        switch (text[i]) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        default:
            /* XML has no control characters. */
            fputc((unsigned char)text[i] < ' ' ? ' ' : text[i], file);
        }
    }
}

static void PutAll(FILE *file, const char *text)
{
    PutText(file, text, (int)strlen(text));
}

/* The colour of what belongs to the slice's socket. */
static int GetTint(const Slice *slice)
{
    int number = 0;

    if (strcmp(slice->socket, "listener") == 0)
        return TINT_LISTENER;
    if (strncmp(slice->socket, "session ", 8) == 0)
        number = atoi(slice->socket + 8);
    return number > 0 ? 1 + (number - 1) % SESSION_TINTS : TINT_OTHER;
}

/* a, b, ... z, aa, ab, ...: what joins the parts of an arrow. */
static const char *GetLetters(int number)
{
    static char letters[3];

    letters[0] = (char)('a' + number % 26);
    letters[1] = '\0';
    if (number >= 26) {
        letters[1] = letters[0];
        letters[0] = (char)('a' + (number / 26 - 1) % 26);
        letters[2] = '\0';
    }
    return letters;
}

/* What a browser shows when one points at the slice. */
static void DrawTooltip(FILE *file, const Slice *slice)
{
    fputs("<title>", file);
    PutAll(file, slice->name);
    if (slice->socket[0] != '\0')
        fputs(", ", file);
    PutAll(file, slice->socket);
    if (slice->result[0] != '\0')
        fputs(": ", file);
    PutAll(file, slice->result);
    fputc('\n', file);
    PutAll(file, slice->place);
    fputs("</title>", file);
}

/* --- Boxes ----------------------------------------------------------------------------------- */

/* What a row has of a slice. */
typedef struct Segment {
    int x1, x2;
    int y, height;
    bool isBegun, isEnded; /* in this row */
} Segment;

/* False: the row has nothing of it. */
static bool GetSegment(const Slice *slice, int row, Segment *segment)
{
    int inset = INSET * min(slice->depth, 2);

    if (slice->row1 > row || slice->row2 < row)
        return false;
    segment->isBegun = slice->row1 == row;
    segment->isEnded = slice->row2 == row;
    segment->x1 = segment->isBegun ? slice->x1 : PAGE_LEFT;
    segment->x2 = segment->isEnded ? slice->x2 : layout.rows[row].right;
    segment->y = layout.bands[row][slice->lane].top + inset;
    segment->height = BOX_HEIGHT - 2 * inset;
    return true;
}

/* A light box with an outline, which is open where it goes on in another row. */
static void DrawWait(FILE *file, const Segment *box, const char *outline)
{
    int bottom = box->y + box->height;

    fprintf(file, "<rect class=\"w\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>", box->x1,
            box->y, box->x2 - box->x1, box->height);
    fprintf(file, "<path class=\"%s\" d=\"M%d,%dH%dM%d,%dH%d", outline, box->x1, box->y, box->x2,
            box->x1, bottom, box->x2);
    if (box->isBegun)
        fprintf(file, "M%d,%dV%d", box->x1, box->y, bottom);
    if (box->isEnded)
        fprintf(file, "M%d,%dV%d", box->x2, box->y, bottom);
    fprintf(file, "\"/>");
}

static void DrawBoxes(FILE *file, int row)
{
    for (int i = 0; i < trace.sliceCount; i++) {
        const Slice *slice = &trace.slices[i];
        Segment box;

        if (!GetSegment(slice, row, &box))
            continue;
        fprintf(file, "<g>");
        DrawTooltip(file, slice);
        if (slice->kind == SLICE_WAIT)
            DrawWait(file, &box, "o");
        else if (slice->kind == SLICE_FOLD)
            DrawWait(file, &box, "o f");
        else if (slice->kind == SLICE_CALLBACK)
            fprintf(file, "<rect class=\"b a%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                    GetTint(slice), box.x1, box.y, box.x2 - box.x1, box.height);
        else
            fprintf(file, "<rect class=\"c%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                    GetTint(slice), box.x1, box.y, box.x2 - box.x1, box.height);
        fprintf(file, "</g>\n");
    }
}

/* --- Labels ---------------------------------------------------------------------------------- */

/* The mark of the socket: where a call begins, and in a wide box where it ends. */
static void DrawBadge(FILE *file, const Slice *slice, const Segment *box)
{
    int width = Layout_GetBadgeWidth(slice);
    int y = box->y + box->height / 2;
    int x = box->x1 + max(width, BOX_WIDTH) / 2;

    if (width == 0 || !(slice->isWide ? box->isEnded : box->isBegun))
        return;
    if (slice->isWide)
        x = box->x2 - width / 2;
    if (slice->kind == SLICE_WAIT)
        fprintf(file, "<rect class=\"c%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"13\" rx=\"3\"/>",
                GetTint(slice), box->x2 - width + 1, y - 6, width - 2);
    fprintf(file, "<text class=\"%s\" x=\"%d\" y=\"%d\">",
            slice->kind == SLICE_CALLBACK ? "m d" : "m", x, y + 4);
    PutAll(file, Layout_GetBadge(slice));
    fprintf(file, "</text>\n");
}

/* Where the room for the text in a box ends: before what is inside it, and before the mark. */
static int GetTextEnd(int index, int row, const Segment *box)
{
    const Slice *slice = &trace.slices[index];
    int end = box->x2;

    if (box->isEnded)
        end -= Layout_GetTail(slice);
    for (int i = index + 1; i < trace.sliceCount && trace.slices[i].begin < slice->end; i++) {
        if (trace.slices[i].parent == index && trace.slices[i].row1 == row)
            end = min(end, trace.slices[i].x1);
    }
    return end;
}

/* The name in a wide box, and its result where it ends, if there is room. */
static void DrawBoxText(FILE *file, int index, int row, const Segment *box)
{
    const Slice *slice = &trace.slices[index];
    int length = (GetTextEnd(index, row, box) - box->x1 - 5) * 10 / BOX_CHAR;
    int ends[LAYOUT_MAX_LINES];
    int lines = Layout_BreakName(slice->name, length, ends), begin = 0, y;
    const char *classes = slice->kind == SLICE_WORK ? "i v" : "i";
    bool hasResult = box->isEnded && slice->result[0] != '\0' && lines < LAYOUT_MAX_LINES &&
                     (int)strlen(slice->result) <= length;

    if (lines > LAYOUT_MAX_LINES)
        return;
    /* Lines of about the same length, if there are several. */
    while (lines > 1 && Layout_BreakName(slice->name, length - 1, ends) == lines)
        length--;
    Layout_BreakName(slice->name, length, ends);

    y = box->y + (box->height - BOX_LINE * (lines + hasResult)) / 2 + 8;
    for (int i = 0; i < lines; i++, y += BOX_LINE) {
        fprintf(file, "<text class=\"%s\" x=\"%d\" y=\"%d\">", classes, box->x1 + 4, y);
        PutText(file, slice->name + begin, ends[i] - begin);
        fprintf(file, "</text>\n");
        begin = ends[i];
    }
    if (!hasResult)
        return;
    fprintf(file, "<text class=\"%s e\" x=\"%d\" y=\"%d\">", classes, box->x1 + 4, y);
    PutAll(file, slice->result);
    fprintf(file, "</text>\n");
}

static void DrawLabels(FILE *file, int row)
{
    for (int i = 0; i < trace.sliceCount; i++) {
        const Slice *slice = &trace.slices[i];
        Segment box;

        if (!GetSegment(slice, row, &box))
            continue;
        DrawBadge(file, slice, &box);
        if (slice->isWide) {
            DrawBoxText(file, i, row, &box);
        } else if (box.isBegun) {
            fprintf(file, "<text class=\"l\" transform=\"translate(%d,%d)rotate(-45)\">",
                    box.x1 + BOX_WIDTH / 2 + 3, layout.bands[row][slice->lane].top - 3);
            PutAll(file, slice->name);
            fprintf(file, "</text>\n");
        }
    }
}

/* --- Arrows ---------------------------------------------------------------------------------- */

/* A line with a rim. `path` is how it runs. */
static void DrawLine(FILE *file, int tint, const char *path)
{
    fprintf(file, "<path class=\"h\" d=\"%s\"/><path class=\"a a%d\" d=\"%s\"/>", path, tint, path);
}

/* An arrow's head at (x, y). `down` is 1 if it points down, -1 if it points up. */
static void DrawHead(FILE *file, int tint, int x, int y, int down)
{
    fprintf(file, "<path class=\"c%d\" d=\"M%d,%dl-4,%dh8z\"/>\n", tint, x, y, -7 * down);
}

/* The letter at which an arrow goes on in another row. */
static void DrawLink(FILE *file, int tint, int x, int y, int letter)
{
    fprintf(file, "<circle class=\"k a%d\" cx=\"%d\" cy=\"%d\" r=\"6\"/>", tint, x, y);
    fprintf(file, "<text class=\"m d\" x=\"%d\" y=\"%d\">%s</text>\n", x, y + 3,
            GetLetters(letter));
}

/* Down to a track and along it, then up, or further down to another lane. An arrow to a lane above
   goes up to the track of that one. */
static void DrawWholeArrow(FILE *file, const Wire *wire, const Segment *from, const Segment *to)
{
    int y = Layout_GetWireY(&layout, wire),
        tint = GetTint(&trace.slices[trace.flows[wire->flow].from]);
    int begin = from->y < y ? from->y + from->height : from->y;
    int end = to->y < y ? to->y + to->height : to->y;
    int first = begin < y ? 1 : -1, second = end > y ? 1 : -1; /* 1: down */
    int side = wire->x2 > wire->x1 ? CORNER : -CORNER;
    char path[160];

    if (abs(wire->x2 - wire->x1) < 2 * CORNER)
        side = 0;
    snprintf(path, sizeof(path), "M%d,%dV%dQ%d,%d %d,%dH%dQ%d,%d %d,%dV%d", wire->x1, begin,
             y - first * CORNER, wire->x1, y, wire->x1 + side, y, wire->x2 - side, wire->x2, y,
             wire->x2, y + second * CORNER, end - second * CORNER);
    DrawLine(file, tint, path);
    DrawHead(file, tint, wire->x2, end, second);
}

static void DrawArrows(FILE *file, int row)
{
    for (int i = 0; i < layout.wireCount; i++) {
        const Wire *wire = &layout.wires[i];
        const Flow *flow = &trace.flows[wire->flow];
        int tint = GetTint(&trace.slices[flow->from]), y = Layout_GetWireY(&layout, wire);
        Segment from = {0}, to = {0};
        const Segment *box = wire->part == WIRE_START ? &from : &to;
        char path[64];

        if (wire->row != row)
            continue;
        GetSegment(&trace.slices[flow->from], row, &from);
        GetSegment(&trace.slices[flow->to], row, &to);
        if (wire->part == WIRE_WHOLE) {
            DrawWholeArrow(file, wire, &from, &to);
            continue;
        }
        snprintf(path, sizeof(path), "M%d,%dV%d", wire->x1, box->y + box->height + 3, y);
        DrawLine(file, tint, path);
        if (wire->part == WIRE_FINISH)
            DrawHead(file, tint, wire->x1, box->y + box->height, -1);
        DrawLink(file, tint, wire->x1, y, flow->letter);
    }
}

/* --- The page -------------------------------------------------------------------------------- */

/* The thread's name, and a line from its beginning to its end. */
static void DrawLane(FILE *file, int index, int row)
{
    const Lane *lane = &trace.lanes[index];
    const Row *place = &layout.rows[row];
    int y = layout.bands[row][index].top + BOX_HEIGHT / 2;
    int x1 = PAGE_LEFT, x2 = place->right;

    if (lane->first >= place->first)
        x1 = trace.slices[trace.edges[lane->first].slice].x1;
    if (lane->last < place->last)
        x2 = trace.slices[trace.edges[lane->last].slice].x2;
    fprintf(file, "<path class=\"o\" d=\"M%d,%dH%d\"/>", x1, y, x2);
    fprintf(file, "<text class=\"n\" x=\"%d\" y=\"%d\">", PAGE_MARGIN, y + 4);
    PutAll(file, lane->name);
    fprintf(file, "</text>\n");
}

static void DrawRow(FILE *file, int index)
{
    const Row *row = &layout.rows[index];

    if (index > 0) {
        fprintf(file, "<path class=\"o\" d=\"M%d,%dH%d\"/>", PAGE_MARGIN, row->top, layout.right);
        fprintf(file, "<text class=\"r\" x=\"%d\" y=\"%d\">continued</text>\n", PAGE_MARGIN,
                row->top + 13);
    }
    for (int i = 0; i < trace.laneCount; i++) {
        if (layout.bands[index][i].isShown)
            DrawLane(file, i, index);
    }
    DrawBoxes(file, index);
    DrawArrows(file, index);
    DrawLabels(file, index);
}

/* What the legend has to explain. */
static bool HasKind(SliceKind kind)
{
    for (int i = 0; i < trace.sliceCount; i++) {
        if (trace.slices[i].kind == kind)
            return true;
    }
    return false;
}

static bool HasSocket(const char *kind)
{
    for (int i = 0; i < trace.sliceCount; i++) {
        if (strncmp(trace.slices[i].socket, kind, strlen(kind)) == 0)
            return true;
    }
    return false;
}

/* A text of the legend, after the sign for it, which is `width` wide. Returns where the next is. */
static int DrawLegendText(FILE *file, int x, int y, int width, const char *text)
{
    fprintf(file, "<text x=\"%d\" y=\"%d\">%s</text>\n", x + width + 5, y, text);
    return x + width + 5 + (int)strlen(text) * LEGEND_CHAR / 10 + 12;
}

static int DrawLegendBox(FILE *file, int x, int y, const char *classes, const char *mark,
                         const char *text)
{
    int width = mark[0] != '\0' ? BOX_WIDTH : 22;

    fprintf(file, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"14\"/>", classes, x,
            y - 11, width);
    fprintf(file, "<text class=\"m\" x=\"%d\" y=\"%d\">%s</text>", x + BOX_WIDTH / 2, y, mark);
    return DrawLegendText(file, x, y, width, text);
}

static void DrawLegendArrows(FILE *file, int x, int y)
{
    char path[64];

    snprintf(path, sizeof(path), "M%d,%dH%d", x, y - 4, x + 18);
    DrawLine(file, TINT_OTHER, path);
    fprintf(file, "<path class=\"c0\" d=\"M%d,%dl-7,-4v8z\"/>", x + 22, y - 4);
    x = DrawLegendText(file, x, y, 22, "from an operation to its completion");
    if (layout.letterCount > 0) {
        DrawLink(file, TINT_OTHER, x + 6, y - 4, 0);
        DrawLegendText(file, x, y, 12, "goes on at the same letter");
    }
}

/* The two lines that explain what is in this picture. */
static void DrawLegend(FILE *file, int y)
{
    int x = DrawLegendBox(file, PAGE_MARGIN, y, "w a0", "", "a call that waits");

    x = DrawLegendBox(file, x, y, "c0", "", "a call that does not");
    if (HasKind(SLICE_CALLBACK))
        x = DrawLegendBox(file, x, y, "b", "", "a completion routine");
    if (HasKind(SLICE_FOLD))
        x = DrawLegendBox(file, x, y, "w o f", "", "the same again");
    fprintf(file, "<path class=\"o\" d=\"M%d,%dH%d\"/>", x, y - 4, x + 22);
    DrawLegendText(file, x, y, 22, "the program's own code");
    y += 18;
    x = PAGE_MARGIN;
    if (HasSocket("listener"))
        x = DrawLegendBox(file, x, y, "c7", "L", "the listener");
    if (HasSocket("session "))
        x = DrawLegendBox(file, x, y, "c1", "1", "session 1, and so on");
    if (HasSocket("socket "))
        x = DrawLegendBox(file, x, y, "c0", "s1", "another socket");
    if (trace.flowCount > 0)
        DrawLegendArrows(file, x, y);
}

static void DrawStyle(FILE *file)
{
    fprintf(file, "<style>\n%s", style);
    for (int i = 0; i < (int)(sizeof(tints) / sizeof(tints[0])); i++)
        fprintf(file, ".c%d{fill:%s}.a%d{stroke:%s}\n", i, tints[i], i, tints[i]);
    fprintf(file, "</style>\n");
}

static void DrawPage(FILE *file, const char *title)
{
    int height = layout.rows[layout.rowCount - 1].bottom + PAGE_MARGIN;
    int width = layout.right + PAGE_MARGIN;

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\">\n",
            width, height, width, height);
    DrawStyle(file);
    /* Also on a page that is dark. */
    fprintf(file, "<rect fill=\"#fff\" width=\"%d\" height=\"%d\"/>\n", width, height);
    fprintf(file, "<text class=\"t\" x=\"%d\" y=\"23\">", PAGE_MARGIN);
    PutAll(file, title);
    fprintf(file, "</text>\n");
    fprintf(file,
            "<text class=\"r\" x=\"%d\" y=\"39\">Time runs to the right, not to scale: further "
            "right is later, on every thread.</text>\n",
            PAGE_MARGIN);
    DrawLegend(file, 57);
    for (int i = 0; i < layout.rowCount; i++)
        DrawRow(file, i);
    fprintf(file, "</svg>\n");
}

/* --- The program ----------------------------------------------------------------------------- */

/* Writes the picture beside `path` first, so that there is never half of one. False: it cannot, and
   a sentence has said why. */
static bool WritePicture(const char *path, const char *title)
{
    char partPath[PATH_SIZE];
    FILE *file = NULL;
    bool isWritten;

    if (snprintf(partPath, sizeof(partPath), "%s.part", path) >= (int)sizeof(partPath)) {
        fprintf(stderr, "%s cannot be written: the name is too long.\n", path);
        return false;
    }
    if (fopen_s(&file, partPath, "wb") != 0 || file == NULL) {
        fprintf(stderr, "%s cannot be written: is there such a folder?\n", partPath);
        return false;
    }
    DrawPage(file, title);
    isWritten = !ferror(file);
    isWritten = fclose(file) == 0 && isWritten;
    if (isWritten && MoveFileExA(partPath, path, MOVEFILE_REPLACE_EXISTING))
        return true;
    fprintf(stderr, "%s cannot be written.\n", path);
    DeleteFileA(partPath);
    return false;
}

/* Words of the command line are in the code page of the system; the picture is UTF-8. A title that
   is too long or that no character set has becomes empty. */
static const char *ToUtf8(const char *text)
{
    static char utf8[TITLE_SIZE * 3];
    WCHAR wide[TITLE_SIZE];

    if (MultiByteToWideChar(CP_ACP, 0, text, -1, wide, TITLE_SIZE) == 0 ||
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, utf8, (int)sizeof(utf8), NULL, NULL) == 0)
        utf8[0] = '\0';
    return utf8;
}

int main(int argc, char *argv[])
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "Usage: timeline.exe TRACE.json OUT.svg [TITLE]\n");
        return EXIT_USAGE;
    }
    if (!Trace_Read(&trace, argv[1]))
        return 1;
    if (!Layout_Place(&layout, &trace, HEADER_HEIGHT,
                      trace.flowCount > 0 ? ARROWS_WIDTH : LEAST_WIDTH)) {
        fprintf(stderr, "%s cannot be drawn: the picture would be too long.\n", argv[1]);
        return 1;
    }
    return WritePicture(argv[2], argc == 4 ? ToUtf8(argv[3]) : trace.processName) ? 0 : 1;
}
