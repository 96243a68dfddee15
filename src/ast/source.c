/* The tree back to bp text: one statement a line, bodies indented. What is read again gives the same tree. */
#include "ast/ast.h"

#include <string.h>

typedef struct {
    Text *text;
    int indent;
} Out;

static void put(Out *o, const Node *node);

static void put_list(Out *o, const Node *node, uint32_t from, uint32_t to, const char *between) {
    for (uint32_t k = from; k < to; k++) {
        if (k > from) text_add(o->text, "%s", between);
        put(o, node->kid[k]);
    }
}

/* 1e-05 -> 1e-5: the shortest text that reads back as the same number. */
static void put_number(Out *o, const Node *node) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        double again;
        snprintf(text, sizeof text, "%.*g", digits, node->number);
        if (sscanf(text, "%lf", &again) == 1 && again == node->number) break;
    }
    bool plain = !strpbrk(text, ".e");
    if (node->whole) text_add(o->text, "%.0f", node->number);
    else text_add(o->text, "%s%s", text, plain ? ".0" : "");
}

static void put_block(Out *o, const Node *block) {
    text_add(o->text, "{\n");
    o->indent += 2;
    for (uint32_t k = 0; k < block->n; k++) {
        text_add(o->text, "%*s", o->indent, "");
        put(o, block->kid[k]);
        text_add(o->text, "\n");
    }
    o->indent -= 2;
    text_add(o->text, "%*s}", o->indent, "");
}

static void put_chain(Out *o, const Node *node) {
    bool tight = node->kind == NODE_TERM;
    put(o, node->kid[0]);
    for (uint32_t k = 1; k < node->n; k++) {
        bool spaced = !tight || node->op[k - 1] == AST_MATMUL || node->op[k - 1] == AST_MOD;
        text_add(o->text, spaced ? " %s " : "%s", ast_op_spelling[node->op[k - 1]]);
        put(o, node->kid[k]);
    }
}

static void put_decl(Out *o, const Node *d) {
    text_add(o->text, "%s", d->name);
    if (d->kid[DECL_SHAPE]) put(o, d->kid[DECL_SHAPE]);
    if (d->kid[DECL_LIKE]) text_add(o->text, " like "), put(o, d->kid[DECL_LIKE]);
    if (d->kid[DECL_RANGE]) text_add(o->text, " in "), put(o, d->kid[DECL_RANGE]);
    if (d->kid[DECL_VALUE]) text_add(o->text, " = "), put(o, d->kid[DECL_VALUE]);
    if (d->kid[DECL_DISTRIBUTION]) text_add(o->text, " ~ "), put(o, d->kid[DECL_DISTRIBUTION]);
}

static void put_subscript(Out *o, const Node *node) {
    put(o, node->kid[0]);
    text_add(o->text, "[");
    put_list(o, node, 1, node->n, ", ");
    if (node->where) text_add(o->text, " where "), put(o, node->where);
    if (node->fill) text_add(o->text, " | "), put(o, node->fill);
    text_add(o->text, "]");
}

static void put_formal(Out *o, const Node *f) {
    text_add(o->text, "%s", f->name);
    if (f->kid[0]) text_add(o->text, " = "), put(o, f->kid[0]);
    if (f->kid[1]) text_add(o->text, ": "), put(o, f->kid[1]);
}

static void put_definition(Out *o, const Node *d) {
    text_add(o->text, "%s %s(", d->kind == NODE_DEF ? "def" : d->kind == NODE_LAYER ? "layer" : "derivative", d->name);
    put_list(o, d, 0, d->n_formals, ", ");
    text_add(o->text, ")");
    if (d->kind == NODE_DERIVATIVE) {
        text_add(o->text, ": ");
        put_list(o, d, d->n_formals, d->n, ", ");
    } else {
        const Node *body = d->kid[d->n_formals];
        text_add(o->text, body->kind == NODE_BLOCK ? " " : " = ");
        put(o, body);
    }
}

static void put_train(Out *o, const Node *train) {
    text_add(o->text, "train { ");
    for (uint32_t k = 0; k < train->n; k++) {
        text_add(o->text, "%s%s ", k ? "; " : "", train->kid[k]->name);
        const Node *value = train->kid[k]->kid[0];
        if (value->kind == NODE_CALL && value->n == 1) text_add(o->text, "%s", value->kid[0]->name);
        else put(o, value);
    }
    text_add(o->text, " }");
}

static void put_slice(Out *o, const Node *s) {
    if (!s->kid[0] && !s->kid[1]) {
        text_add(o->text, ":");
        return;
    }
    if (s->kid[0]) put(o, s->kid[0]);
    text_add(o->text, "..");
    if (s->kid[1]) put(o, s->kid[1]);
}

static void put_words(Out *o, const Node *node, const char *word, const char *between) {
    text_add(o->text, "%s ", word);
    put_list(o, node, 0, node->n, between);
}

static void put_call(Out *o, const Node *call) {
    put(o, call->kid[0]);
    text_add(o->text, "(");
    put_list(o, call, 1, call->n, ", ");
    text_add(o->text, ")");
}

static void put(Out *o, const Node *node) {
    switch (node->kind) {
    case NODE_ERROR: text_add(o->text, "(?)"); break;
    case NODE_NUMBER: put_number(o, node); break;
    case NODE_NAME: text_add(o->text, "%s", node->name); break;
    case NODE_PAREN: text_add(o->text, "("), put(o, node->kid[0]), text_add(o->text, ")"); break;
    case NODE_STACK: case NODE_SHAPE: text_add(o->text, "["), put_list(o, node, 0, node->n, ", "), text_add(o->text, "]"); break;
    case NODE_CALL: put_call(o, node); break;
    case NODE_ARGUMENT: text_add(o->text, "%s = ", node->name), put(o, node->kid[0]); break;
    case NODE_SUBSCRIPT: put_subscript(o, node); break;
    case NODE_ITEM:
        put(o, node->kid[0]);
        if (node->kid[1]) text_add(o->text, " in "), put(o, node->kid[1]);
        break;
    case NODE_SLICE: case NODE_RANGE: put_slice(o, node); break;
    case NODE_TRANSPOSE: put(o, node->kid[0]), text_add(o->text, "'"); break;
    case NODE_FIELD: put(o, node->kid[0]), text_add(o->text, ".%s", node->name); break;
    case NODE_POWER: put_list(o, node, 0, 2, "^"); break;
    case NODE_NEGATE: text_add(o->text, "-"), put(o, node->kid[0]); break;
    case NODE_PLUS: text_add(o->text, "+"), put(o, node->kid[0]); break;
    case NODE_TERM: case NODE_SUM: case NODE_COMPARE: put_chain(o, node); break;
    case NODE_NOT: text_add(o->text, "not "), put(o, node->kid[0]); break;
    case NODE_AND: put_list(o, node, 0, node->n, " and "); break;
    case NODE_OR: put_list(o, node, 0, node->n, " or "); break;
    case NODE_IF:
        text_add(o->text, "if "), put(o, node->kid[0]);
        text_add(o->text, " then "), put(o, node->kid[1]);
        text_add(o->text, " else "), put(o, node->kid[2]);
        break;
    case NODE_BLOCK: put_block(o, node); break;
    case NODE_EQUATION: put_list(o, node, 0, 2, " = "); break;
    case NODE_METHOD: put_list(o, node, 0, 2, " "); break;
    case NODE_VALUE: put(o, node->kid[0]); break;
    case NODE_REAL: text_add(o->text, "real %s", node->name); break;
    case NODE_DIM: put_words(o, node, "dim", ", "); break;
    case NODE_CONST: put_words(o, node, "const", ", "); break;
    case NODE_IMPORT: put_words(o, node, "import", ", "); break;
    case NODE_INPUT: put_words(o, node, "input", ", "); break;
    case NODE_PARAM: put_words(o, node, "param", ", "); break;
    case NODE_STATE: put_words(o, node, "state", ", "); break;
    case NODE_RANDOM: put_words(o, node, "random", ", "); break;
    case NODE_USE: put_words(o, node, "use", ", "); break;
    case NODE_OUTPUT: put_words(o, node, "output", ", "); break;
    case NODE_LOSS: put_words(o, node, "loss", ", "); break;
    case NODE_METRIC: put_words(o, node, "metric", ", "); break;
    case NODE_UPDATE: put_words(o, node, "update", ", "); break;
    case NODE_DEF: case NODE_LAYER: case NODE_DERIVATIVE: put_definition(o, node); break;
    case NODE_TRAIN: put_train(o, node); break;
    case NODE_FORMAL: put_formal(o, node); break;
    case NODE_DECL: put_decl(o, node); break;
    default: break;
    }
}

void node_print_source(Text *text, const Node *node) {
    Out o = {text, 0};
    put(&o, node);
}

void ast_print_source(Text *text, const Ast *ast) {
    for (uint32_t k = 0; k < ast->block->n; k++) {
        node_print_source(text, ast->block->kid[k]);
        text_add(text, "\n");
    }
}
