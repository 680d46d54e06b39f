/* Shared Direct3D textures for Wine, in tests only: the device's OpenSharedResource makes a texture from what `share.h` holds
   under that handle, and each copy out of it first brings the newest pixels. All devices of a process have the same tables of
   functions, so the program under test is left as it is. */
#define COBJMACROS
#include <initguid.h>
#include <windows.h>

#include <d3d11.h>

#include "share.h"

enum { MAX_OPENED = 64 };

static struct {
    ID3D11Resource* texture;
    const share* memory;
} opened[MAX_OPENED];
static int count;
static void(STDMETHODCALLTYPE* copy_resource)(ID3D11DeviceContext*, ID3D11Resource*, ID3D11Resource*);

static HRESULT STDMETHODCALLTYPE open_shared(ID3D11Device* device, HANDLE handle, REFIID wanted, void** out) {
    const share* s = share_open((uint32_t)(uintptr_t)handle);
    if (!s) return E_INVALIDARG;
    const D3D11_TEXTURE2D_DESC about = {
        s->width, s->height, 1, 1, (DXGI_FORMAT)s->format, {1, 0}, D3D11_USAGE_DEFAULT, D3D11_BIND_SHADER_RESOURCE, 0, 0};
    const D3D11_SUBRESOURCE_DATA pixels = {s->pixels, s->width * s->pixel_bytes, 0};
    ID3D11Texture2D* texture;
    HRESULT result = ID3D11Device_CreateTexture2D(device, &about, &pixels, &texture);
    if (FAILED(result)) return result;
    opened[count % MAX_OPENED].texture = (ID3D11Resource*)texture;
    opened[count++ % MAX_OPENED].memory = s;
    result = ID3D11Texture2D_QueryInterface(texture, wanted, out);
    ID3D11Texture2D_Release(texture);
    return result;
}

static void STDMETHODCALLTYPE copy_newest(ID3D11DeviceContext* context, ID3D11Resource* to, ID3D11Resource* from) {
    for (int i = count - 1; i >= 0 && i >= count - MAX_OPENED; --i) {
        const share* s = opened[i % MAX_OPENED].memory;
        if (opened[i % MAX_OPENED].texture != from) continue;
        ID3D11DeviceContext_UpdateSubresource(context, from, 0, NULL, s->pixels, s->width * s->pixel_bytes, 0);
        break;
    }
    copy_resource(context, to, from);
}

static BOOL replace(void** entry, void* with, void** before) {
    DWORD protection;
    if (!VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &protection)) return FALSE;
    if (before) *before = *entry;
    *entry = with;
    return VirtualProtect(entry, sizeof *entry, protection, &protection);
}

/* 0 where it worked; the error of D3D11CreateDevice where there is no graphics. */
__declspec(dllexport) long fake_sharing_install(void) {
    ID3D11Device* device;
    ID3D11DeviceContext* context;
    const HRESULT result =
        D3D11CreateDevice(NULL, D3D_DRIVER_TYPE_HARDWARE, NULL, 0, NULL, 0, D3D11_SDK_VERSION, &device, NULL, &context);
    if (FAILED(result)) return result;
    const BOOL good = replace((void**)&device->lpVtbl->OpenSharedResource, (void*)open_shared, NULL) &&
                      replace((void**)&context->lpVtbl->CopyResource, (void*)copy_newest, (void**)&copy_resource);
    return good ? 0 : -1; /* the device stays, and with it the library that holds the tables */
}
