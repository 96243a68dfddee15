/* The chain rule inside one body, both ways, over its DAG: each node is met once.
 *
 * Each node carries the condition under which it is used at all (the or of its uses) and its adjoint where that
 * holds, so that selects stay linear in number and a branch not taken contributes nothing:
 *
 *     if x > 0 then sqrt(x) else 0      ->      x_bar += y_bar * 0.5/sqrt(x)    where x > 0
 *
 * A product with an adjoint is strong: 0 times anything is 0. */
#include "diff/internal.h"

Expr *strong_mul(Graph *g, Expr *a, Expr *b) { return !a ? b : !b ? a : expr_op2(g, OP_smul, a, b); }

/* An error signal (or tangent) times a partial. A partial that is a choice is a choice of products: the loser of a max gets 0
 * of an infinite signal too.
 *
 *     a * (if c then p else 0)      ->      if c then a*p else 0 */
static Expr *chain(Graph *g, Expr *a, Expr *partial) {
    if (partial->kind == EXPR_SELECT) return expr_select(g, partial->arg[0], chain(g, a, partial->arg[1]), chain(g, a, partial->arg[2]));
    return expr_is_number(partial, 0) ? expr_real(g, 0) : strong_mul(g, a, partial);
}

typedef struct {
    bool live;       /* an active read is below */
    bool used;
    Expr *condition; /* NULL: always */
    Expr *adjoint;
    Expr *tangent;   /* NULL: 0 */
} State;

typedef struct {
    Graph *g;
    const Equation *equation;
    Expr *result; /* what stands for the body's value in a partial of its root: the tensor that it defines */
    ExprList list;
    State *state;
    const bool *active;
    Contributions *out;
} Sweep;

static State *state_of(Sweep *s, const Expr *e) { return &s->state[expr_place(&s->list, e)]; }

static bool is_live(Sweep *s, const Expr *e) {
    switch (e->kind) {
    case EXPR_READ: return s->active[e->of.tensor->number] || (e->fill && state_of(s, e->fill)->live);
    case EXPR_SELECT: return state_of(s, e->arg[1])->live || state_of(s, e->arg[2])->live;
    case EXPR_OP:
        for (uint32_t k = 0; k < e->n; k++)
            if (op_passes(s->g, e, k) && state_of(s, e->arg[k])->live) return true;
        return false;
    default: return false;
    }
}

/* Adds `value` under `condition` to the adjoint of e. Two uses under different conditions become selects. */
static void add_use(Sweep *s, Expr *e, Expr *condition, Expr *value) {
    State *state = state_of(s, e);
    if (!state->live) return;
    if (!state->used) {
        state->used = true;
        state->condition = condition;
        state->adjoint = value;
        return;
    }
    Expr *zero = expr_real(s->g, 0), *either = expr_or(s->g, state->condition, condition);
    Expr *old = state->condition == either ? state->adjoint : expr_select(s->g, state->condition, state->adjoint, zero);
    Expr *more = condition == either ? value : expr_select(s->g, condition, value, zero);
    state->condition = either;
    state->adjoint = expr_add(s->g, old, more);
}

static void use_read(Sweep *s, Expr *e, const State *state) {
    Graph *g = s->g;
    Expr *inside = e->fill ? inside_condition(g, e->of.tensor, e->arg, &s->equation->domain) : NULL;
    if (s->active[e->of.tensor->number])
        vec_push(g->arena, s->out, (Contribution){e, expr_and(g, state->condition, inside), state->adjoint});
    if (e->fill && inside) add_use(s, e->fill, expr_and(g, state->condition, expr_not(g, inside)), state->adjoint);
}

static void use_op(Sweep *s, Expr *e, const State *state) {
    Graph *g = s->g;
    for (uint32_t k = 0; k < e->n; k++) {
        if (!op_passes(g, e, k) || !state_of(s, e->arg[k])->live) continue;
        Expr *partial = op_partial(g, e, k, e == s->equation->body ? s->result : e);
        /* d(smul(a, b))/db = a is itself what must be strong: where a is 0, b never mattered */
        Expr *term = expr_is_op(e, OP_smul) && k == 1 ? strong_mul(g, partial, state->adjoint) : chain(g, state->adjoint, partial);
        add_use(s, e->arg[k], state->condition, term);
    }
}

static Sweep sweep_new(Graph *g, const Equation *e) {
    Expr *body = e->body;
    Sweep s = {.g = g, .equation = e, .list = expr_walk(g, &body, 1)};
    s.result = e->target->op == COMBINE_SET ? expr_read(g, e->target, e->subs, NULL) : body;
    s.state = NEW_ARRAY(g->arena, State, s.list.n);
    return s;
}

Contributions body_adjoints(Graph *g, const Equation *equation, Expr *seed, const bool *active) {
    Contributions out = {0};
    Sweep s = sweep_new(g, equation);
    s.active = active;
    s.out = &out;
    for (uint32_t k = 0; k < s.list.n; k++) s.state[k].live = is_live(&s, s.list.at[k]);
    add_use(&s, equation->body, NULL, seed);
    for (uint32_t k = s.list.n; k-- > 0;) {
        Expr *e = s.list.at[k];
        State *state = &s.state[k];
        if (!state->live || !state->used) continue;
        if (e->kind == EXPR_READ) use_read(&s, e, state);
        else if (e->kind == EXPR_OP) use_op(&s, e, state);
        else if (e->kind == EXPR_SELECT) {
            add_use(&s, e->arg[1], expr_and(g, state->condition, e->arg[0]), state->adjoint);
            add_use(&s, e->arg[2], expr_and(g, state->condition, expr_not(g, e->arg[0])), state->adjoint);
        }
    }
    return out;
}

/* ---- forward ---------------------------------------------------------------------------------------- */
static Expr *read_tangent(Sweep *s, Expr *e, Tensor *const *dot, Expr *const *direction, uint32_t n) {
    Graph *g = s->g;
    Expr *fill = e->fill ? state_of(s, e->fill)->tangent : NULL;
    Tensor *t = dot[e->of.tensor->number];
    if (!t && !fill) return NULL;
    Expr *zero = expr_real(g, 0);
    if (!t) return expr_select(g, inside_condition(g, e->of.tensor, e->arg, &s->equation->domain), zero, fill);
    Expr **subs = NEW_ARRAY(g->arena, Expr *, n + e->n + 1);
    for (uint32_t k = 0; k < e->n; k++) subs[k] = e->arg[k];
    for (uint32_t k = 0; k < n; k++) subs[e->n + k] = direction[k];
    return expr_read(g, t, subs, e->fill ? (fill ? fill : zero) : NULL);
}

static Expr *op_tangent(Sweep *s, Expr *e) {
    Graph *g = s->g;
    Expr *sum = NULL;
    for (uint32_t k = 0; k < e->n; k++) {
        Expr *dot = op_passes(g, e, k) ? state_of(s, e->arg[k])->tangent : NULL;
        if (!dot) continue;
        Expr *partial = op_partial(g, e, k, e == s->equation->body ? s->result : e);
        Expr *term = expr_is_op(e, OP_smul) && k == 1 ? strong_mul(g, partial, dot) : chain(g, dot, partial);
        sum = sum ? expr_add(g, sum, term) : term;
    }
    return sum;
}

Expr *body_tangent(Graph *g, const Equation *equation, Tensor *const *dot, Expr *const *direction, uint32_t n_direction) {
    Sweep s = sweep_new(g, equation);
    for (uint32_t k = 0; k < s.list.n; k++) {
        Expr *e = s.list.at[k], *t = NULL;
        if (e->kind == EXPR_READ) t = read_tangent(&s, e, dot, direction, n_direction);
        else if (e->kind == EXPR_OP) t = op_tangent(&s, e);
        else if (e->kind == EXPR_SELECT) {
            Expr *yes = state_of(&s, e->arg[1])->tangent, *no = state_of(&s, e->arg[2])->tangent, *zero = expr_real(g, 0);
            if (yes || no) t = expr_select(g, e->arg[0], yes ? yes : zero, no ? no : zero);
        }
        s.state[k].tangent = t && expr_is_number(t, 0) ? NULL : t;
    }
    return state_of(&s, equation->body)->tangent;
}
