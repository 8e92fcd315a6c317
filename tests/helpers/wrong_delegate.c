/* A delegate of TFLite for tests: it takes every operator, lets TFLite's own kernel compute it, and
 * spoils the output of one of them. Its interface is TFLite's external one (external_delegate_interface.h);
 * the structures are those of core/c/common.h, up to the last field that is used here.
 *
 * Options: op=N, the number of the spoiled operator. by=N, what is added to every output value, which
 * is int8; 0 spoils nothing. fail=load or fail=invoke: the step at which it gives up. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int size;
    int data[];
} int_array;

typedef struct {
    int type;
    uint8_t *data;
    int_array *dims;
    struct {
        float scale;
        int32_t zero_point;
    } params;
    int allocation_type;
    size_t bytes;
    const void *allocation;
    const char *name;
    void *delegate;
    int buffer_handle;
    bool data_is_stale;
    bool is_variable;
    struct {
        int type;
        void *params;
    } quantization;
    void *sparsity;
    const int_array *dims_signature;
} tensor_type;

typedef struct {
    int_array *inputs;
    int_array *outputs;
    int_array *intermediates;
    int_array *temporaries;
    void *user_data;
    void *builtin_data;
    const void *custom_initial_data;
    int custom_initial_data_size;
    void *delegate;
    bool might_have_side_effect;
} node_type;

typedef struct context_type context_type;

typedef struct {
    void *(*init)(context_type *, const char *, size_t);
    void (*free)(context_type *, void *);
    int (*prepare)(context_type *, node_type *);
    int (*invoke)(context_type *, node_type *);
    const char *(*profiling_string)(const context_type *, const node_type *);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    void *registration_external;
    void *async_kernel;
    uint64_t inplace_operator;
} registration_type;

struct context_type {
    size_t tensors_size;
    int (*get_execution_plan)(context_type *, int_array **);
    tensor_type *tensors;
    void *impl;
    int (*resize_tensor)(context_type *, tensor_type *, int_array *);
    void (*report_error)(context_type *, const char *, ...);
    int (*add_tensors)(context_type *, int, int *);
    int (*get_node_and_registration)(context_type *, int, node_type **, registration_type **);
    int (*replace_nodes)(context_type *, registration_type, const int_array *, void *);
};

typedef struct {
    void *data;
    int (*prepare)(context_type *, void *);
    void *copy_from;
    void *copy_to;
    void *free_handle;
    int64_t flags;
    void *opaque_builder;
} delegate_type;

enum { MOST_NODES = 512 };

typedef struct {
    void *delegate;
    const int_array *nodes;
} params_type;

static int wanted = -1;
static int by = 1;
static bool fails;
static node_type nodes[MOST_NODES];
static registration_type kernels[MOST_NODES];

/* What a kernel gets as its buffer are TFLite's parameters of a delegated part: its one node. */
static void *init(context_type *context, const char *buffer, size_t length) {
    (void)context, (void)length;
    return (void *)(uintptr_t)((const params_type *)(const void *)buffer)->nodes->data[0];
}

static void release(context_type *context, void *data) {
    (void)context, (void)data;
}

static int prepare(context_type *context, node_type *node) {
    const uintptr_t index = (uintptr_t)node->user_data;
    return kernels[index].prepare == NULL ? 0 : kernels[index].prepare(context, &nodes[index]);
}

static int invoke(context_type *context, node_type *node) {
    const uintptr_t index = (uintptr_t)node->user_data;
    const int status = kernels[index].invoke(context, &nodes[index]);
    if ((int)index != wanted) {
        return status;
    }
    if (fails) {
        context->report_error(context, "the NPU is on fire");
        return 1;
    }
    const tensor_type *output = &context->tensors[nodes[index].outputs->data[0]];
    for (size_t i = 0; i < output->bytes; i++) {
        const int sum = (int8_t)output->data[i] + by;
        output->data[i] = (uint8_t)(sum < -128 ? -128 : sum > 127 ? 127 : sum);
    }
    return status;
}

static int take(context_type *context, void *delegate, int index) {
    node_type *node;
    registration_type *found;
    if (context->get_node_and_registration(context, index, &node, &found) != 0) {
        return 1;
    }
    nodes[index] = *node;
    /* A kernel frees this array when it is prepared. The original's must stay. */
    nodes[index].temporaries = calloc(1, sizeof(int_array));
    kernels[index] = *found;
    static struct {
        int size;
        int data[1];
    } one = {1, {0}};
    one.data[0] = index;
    const registration_type mine = {.init = init,
                                    .free = release,
                                    .prepare = prepare,
                                    .invoke = invoke,
                                    .custom_name = "wrong",
                                    .version = 1};
    return context->replace_nodes(context, mine, (const int_array *)&one, delegate);
}

static int take_nodes(context_type *context, void *delegate) {
    int_array *plan;
    if (context->get_execution_plan(context, &plan) != 0) {
        return 1;
    }
    const int count = plan->size; /* one by one: each is a part of the graph by itself */
    for (int index = 0; index < count && index < MOST_NODES; index++) {
        if (take(context, delegate, index) != 0) {
            return 1;
        }
    }
    return 0;
}

void *tflite_plugin_create_delegate(char **keys, char **values, size_t count,
                                    void (*report)(const char *));
void tflite_plugin_destroy_delegate(void *delegate);

void *tflite_plugin_create_delegate(char **keys, char **values, size_t count,
                                    void (*report)(const char *)) {
    wanted = -1;
    by = 1;
    fails = false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], "op") == 0) {
            wanted = atoi(values[i]);
        } else if (strcmp(keys[i], "by") == 0) {
            by = atoi(values[i]);
        } else if (strcmp(keys[i], "fail") == 0 && strcmp(values[i], "invoke") == 0) {
            fails = true;
        } else {
            report("there is no NPU here");
            return NULL;
        }
    }
    delegate_type *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->prepare = take_nodes;
    }
    return made;
}

void tflite_plugin_destroy_delegate(void *delegate) {
    free(delegate);
}
